"""`ance runs`, `eval`, `compare`, `search`: what to do with runs there are."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ..errors import ConfigError
from ..runs import Run, Store
from .app import AsJson, RunsFolder, app, console, out, print_json
from .results import run_summary

runs_app = typer.Typer(help="Runs: list, show, delete, export, import.", no_args_is_help=True)
app.add_typer(runs_app, name="runs")

RunName = Annotated[str, typer.Argument(help="name of a run; see `ance runs list`")]


@runs_app.command("list")
def list_(runs: RunsFolder = Path("runs"), as_json: AsJson = False) -> None:
    """All runs of a folder with their state and best measures."""
    store = Store(runs)
    found = store.runs()
    if as_json:
        print_json({"runs": [run_summary(run) for run in found], "problems": store.problems()})
        return
    table = Table("run", "method", "data", "seed", "state", "step", "test RR@10", "created")
    for run in found:
        status = run.status()
        created = datetime.datetime.fromtimestamp(run.info["created"]).strftime("%Y-%m-%d %H:%M")
        rr = run.results().get("test", {}).get("RR@10")
        method = run.info["recipe"] + (" (warm-up)" if run.info["kind"] == "warmup" else "")
        table.add_row(
            run.name,
            method,
            run.info["dataset"]["name"],
            str(run.info["seed"]),
            status.state,
            f"{status.step}/{status.steps}",
            f"{rr:.4f}" if rr is not None else "",
            created,
        )
    out.print(table)
    for problem in store.problems():
        console.print(problem, style="yellow")


@runs_app.command()
def show(name: RunName, runs: RunsFolder = Path("runs"), as_json: AsJson = False) -> None:
    """Settings, state, results, refreshes and events of a run."""
    run = Store(runs).run(name)
    facts = {
        **run_summary(run),
        "info": run.info,
        "checkpoints": list(run.checkpoints()),
        "snapshots": run.snapshots(),
    }
    if as_json:
        tables = {"refreshes": run.refreshes().to_dict("records"), "events": run.events().to_dict("records")}
        print_json({**facts, **tables})
        return
    for key, value in facts.items():
        out.print(f"[bold]{key}[/bold]")
        out.print(value)
    for title, frame in (("refreshes", run.refreshes()), ("events", run.events())):
        if len(frame):
            out.print(f"[bold]{title}[/bold]\n{frame.to_string(index=False)}", highlight=False)


@runs_app.command()
def delete(
    names: Annotated[list[str], typer.Argument(help="runs to delete")],
    force: Annotated[bool, typer.Option("--force", help="also one that is damaged or at work")] = False,
    runs: RunsFolder = Path("runs"),
) -> None:
    """Delete runs for good."""
    store = Store(runs)
    for name in names:
        store.delete(name, force=force)
        console.print(f"deleted {name}")


@runs_app.command()
def export(
    name: RunName,
    target: Annotated[Path, typer.Argument(help="zip file, or the folder to put it in")] = Path(),
    runs: RunsFolder = Path("runs"),
) -> None:
    """Write a run to a zip that opens elsewhere with `ance runs import`."""
    out.print(str(Store(runs).export(name, target)), highlight=False)


@runs_app.command("import")
def import_(
    archive: Annotated[Path, typer.Argument(help="zip made by `ance runs export`")],
    name: Annotated[str | None, typer.Option("--name", help="another name for it")] = None,
    runs: RunsFolder = Path("runs"),
) -> None:
    """Open an exported run in this folder of runs."""
    out.print(Store(runs, create=True).import_zip(archive, name).name, highlight=False)


@app.command()
def compare(
    names: Annotated[list[str], typer.Argument(metavar="RUN...", help="two runs or more")],
    measure: Annotated[str, typer.Option(help="RR@10, nDCG@10, R@100, Success@1, ...")] = "RR@10",
    split: Annotated[str, typer.Option(help="test or dev")] = "test",
    baseline: Annotated[
        str | None, typer.Option(help="method or run the others are set against; default the first")
    ] = None,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Means, and per-query paired differences with intervals and significance."""
    from ..experiments.compare import compare as compare_runs

    store = Store(runs)
    comparison = compare_runs([store.run(name) for name in names], measure, split, baseline)
    if as_json:
        print_json(comparison.to_dict())
    else:
        out.print(comparison.render())


@app.command("eval")
def evaluate(
    name: RunName,
    split: Annotated[str, typer.Option(help="test or dev")] = "test",
    data: Annotated[
        str | None, typer.Option("--data", help="another dataset than the one it was trained on")
    ] = None,
    trec_run: Annotated[
        Path | None, typer.Option("--trec-run", help="also write the ranking as a TREC run file")
    ] = None,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Measure a finished run's model on a split, from its model folder."""
    from ..experiments.evaluation import evaluate_run

    run = Store(runs).run(name)
    with console.status(f"evaluating {name}"):
        means, dataset_name = evaluate_run(run, split, data, trec_run)
    if as_json:
        print_json({"run": name, "data": dataset_name, "split": split, "measures": means})
        return
    table = Table("measure", "mean", title=f"{name} on {dataset_name}, {split}")
    for measure, value in means.items():
        table.add_row(measure, f"{value:.4f}")
    out.print(table)


@app.command()
def search(
    name: RunName,
    text: Annotated[str, typer.Argument(help="what to search for")],
    k: Annotated[int, typer.Option("-k", min=1, help="results")] = 5,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Search a run's corpus with its trained model."""
    from ..experiments.search import search_run

    run: Run = Store(runs).run(name)
    if not text.strip():
        raise ConfigError("text: empty; write what to search for in quotes")
    with console.status(f"loading {name}"):
        hits = search_run(run, text, k)
    if as_json:
        print_json({"run": name, "text": text, "hits": [vars(hit) for hit in hits]})
        return
    for hit in hits:
        judged = f"  (judged {hit.judgement})" if hit.judgement is not None else ""
        out.print(f"[bold]{hit.rank}[/bold]  {hit.score:.3f}  {hit.id}{judged}", highlight=False)
        shown = " ".join(hit.text.split())
        out.print(f"   {shown[:240]}{'…' if len(shown) > 240 else ''}", markup=False, highlight=False)
