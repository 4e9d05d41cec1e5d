"""`ance compare`, `eval`, `search`: what finished runs are good for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigError
from ..runs import Store
from ..tables import Column, FittedTable, one_line
from .app import AsJson, RunsFolder, app, console, out, print_json
from .data_options import Columns, Fold, IgnoreIds, Strict, reading_of
from .run_commands import RunName


@app.command("eval")
def evaluate(
    name: RunName,
    split: Annotated[str, typer.Option(help="test, dev, or another the data has")] = "test",
    data: Annotated[
        str | None, typer.Option("--data", help="another dataset than the one it was trained on")
    ] = None,
    trec_run: Annotated[
        Path | None, typer.Option("--trec-run", help="also write the ranking as a TREC run file")
    ] = None,
    strict: Strict = None,
    columns: Columns = None,
    fold: Fold = None,
    ignore_identical_ids: IgnoreIds = None,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Measure a finished run's model on a split, from its folder."""
    reading = reading_of(strict=strict, columns=columns, fold=fold, ignore_identical_ids=ignore_identical_ids)
    run = Store(runs).run(name)
    with console.status(f"evaluating {name}"):
        from ..experiments.evaluation import evaluate_run

        means, dataset_name = evaluate_run(run, split, data, trec_run, reading)
    if as_json:
        print_json({"run": name, "data": dataset_name, "split": split, "measures": means})
        return
    table = FittedTable((Column("measure"), Column("mean", right=True)), f"{name} on {dataset_name}, {split}")
    for measure, value in means.items():
        table.add(measure, f"{value:.4f}")
    out.print(table)


@app.command()
def compare(
    names: Annotated[list[str], typer.Argument(metavar="RUN...", help="two runs or more")],
    measure: Annotated[str, typer.Option(help="RR@10, nDCG@10, R@100, Success@1, ...")] = "RR@10",
    split: Annotated[str, typer.Option(help="test, dev, or another the data has")] = "test",
    baseline: Annotated[
        str | None, typer.Option(help="method or run the others are set against; default the first")
    ] = None,
    smallest: Annotated[
        float | None,
        typer.Option(help="smallest difference of interest; within it methods are called equivalent"),
    ] = None,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Means and paired differences of runs. By query and seed, with intervals and a verdict on each method."""
    store = Store(runs)
    found = [store.run(name) for name in names]
    with console.status("comparing"):
        from ..experiments.compare import compare as compare_runs

        comparison = compare_runs(found, measure, split, baseline, smallest)
    if as_json:
        print_json(comparison.to_dict())
    else:
        out.print(comparison.render())


@app.command()
def search(
    name: RunName,
    text: Annotated[str, typer.Argument(help="what to search for")],
    k: Annotated[int, typer.Option("-k", min=1, help="results")] = 5,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Search a run's corpus with its trained model."""
    run = Store(runs).run(name)
    if not text.strip():
        raise ConfigError("text: empty; write what to search for in quotes")
    with console.status(f"loading {name}"):
        from ..experiments.search import search_run

        hits = search_run(run, text, k)
    if as_json:
        print_json({"run": name, "text": text, "hits": [vars(hit) for hit in hits]})
        return
    for hit in hits:
        judged = f"  (judged {hit.judgement})" if hit.judgement is not None else ""
        out.print(
            f"{hit.rank:>2}  {hit.score:.3f}  {one_line(hit.id)}{judged}",
            style="bold",
            markup=False,
            highlight=False,
        )
        shown = one_line(hit.text)
        out.print(f"    {shown[:240]}{'…' if len(shown) > 240 else ''}", markup=False, highlight=False)
