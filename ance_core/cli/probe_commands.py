"""`ance probe`: gradient norms at a checkpoint, by sampler and by layer."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

from ..runs import Store
from ..tables import Column, FittedTable
from .app import AsJson, RunsFolder, app, console, out, print_json
from .run_commands import RunName


@app.command()
def probe(
    name: RunName,
    at: Annotated[
        int | None, typer.Option("--at", metavar="STEP", help="checkpoint; default the last")
    ] = None,
    samplers: Annotated[str, typer.Option(help="`all`, or recipes with commas between")] = "all",
    queries: Annotated[int, typer.Option(min=2, help="training queries, the same for every sampler")] = 256,
    variance: Annotated[
        int,
        typer.Option(min=0, help="also the variance of each sampler's gradient, exact, for so many queries"),
    ] = 0,
    slow: Annotated[
        bool, typer.Option("--slow", help="a backward pass an instance: for layers without a rule")
    ] = False,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Exact gradient norms, by sampler, from the same weights. For the same queries."""
    run = Store(runs).run(name)
    with console.status(f"probing {name}"):
        from ..experiments.probe import probe_run
        from ..experiments.probe_summary import bound, summarise

        frame, step, notes = probe_run(run, at, samplers, queries, slow)
        summary = summarise(frame)
        rho = float(bound(frame)["rho"].iloc[0])  # of all samplers together, over all layers
        spreads = _variance(run, step, samplers, variance) if variance else None
    if as_json:
        print_json(
            {
                "run": name,
                "step": step,
                "samplers": summary,
                "rank_correlation": rho,
                "variance": spreads,
                "notes": notes,
            }
        )
        return
    out.print(_table(summary, f"{name}, step {step}: gradient norm of an instance"))
    if spreads:
        out.print(_variance_table(spreads, f"{name}, step {step}: variance of the gradient of a query"))
    if isfinite(rho):
        out.print(f"rank correlation of the norm at the output with that over all parameters: {rho:.3f}")
    if spreads:
        notes += [note for note in spreads["notes"] if note not in notes]
    for note in notes:
        console.print(f"note: {note}", markup=False, highlight=False)


def _variance(run: Any, step: int, samplers: str, queries: int) -> dict[str, Any]:
    from ..experiments.variance import variance_of_run

    return variance_of_run(run, step, samplers, queries)


def _table(summary: list[dict[str, Any]], title: str) -> FittedTable:
    bands = [band for band in summary[0]["norm"] if band not in ("total", "output")]
    columns = [Column("sampler"), Column("instances", right=True, spare=9), Column("mean [95 %]", right=True)]
    columns += [Column("median", right=True, spare=3), Column("over random [95 %]", right=True)]
    columns += [Column(band, right=True, spare=4) for band in bands]
    columns += [Column("loss", right=True, spare=2), Column("s- - s+", right=True, spare=5)]
    columns += [Column("median rank", right=True, spare=6), Column("hidden", right=True, spare=8)]
    table = FittedTable(columns, title)
    for row in summary:
        total, over = row["norm"]["total"], row.get("ratio_to_random")
        table.add(
            row["sampler"],
            str(row["instances"]),
            f"{total['mean']:.3g} [{total['low']:.3g}, {total['high']:.3g}]",
            f"{total['median']:.3g}",
            f"{over['ratio']:.2f} [{over['low']:.2f}, {over['high']:.2f}]" if over else "1",
            *(f"{row['norm'][band]['mean']:.3g}" for band in bands),
            f"{row['loss']:.3g}",
            f"{row['difficulty']:.3g}",
            f"{row['median_rank'] + 1:.0f}",
            f"{row['hidden_share']:.1%}",
        )
    return table


def _variance_table(found: dict[str, Any], title: str) -> FittedTable:
    columns = (
        Column("sampler"),
        Column("variance / optimum", right=True),
        Column("as run: variance / optimum", right=True),
        Column("as run: |bias| / |full|", right=True),
        Column("as run: cosine to full", right=True),
    )
    table = FittedTable(
        columns, title, [f"{found['queries']} queries, {found['negatives']:.0f} negatives each"]
    )
    for row in found["samplers"]:
        weighted = row["weighted"]
        table.add(
            row["sampler"],
            "no support" if weighted is None else f"{weighted:.3f}",
            f"{row['as_run']:.3f}",
            f"{row['bias']:.3f}",
            f"{row['cosine']:.3f}",
        )
    return table
