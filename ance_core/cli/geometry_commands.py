"""`ance geometry`: the shape of a run's embedding space, snapshot by snapshot."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ProbeError
from ..runs import Run, Store
from ..tables import Column, FittedTable
from .app import AsJson, RunsFolder, app, console, out, print_json

if TYPE_CHECKING:
    from ..probes.geometry import RunGeometry

SETS = ("queries", "documents", "both")
LOOK_S = 0.3  # between two looks at how far a UMAP is


@app.command()
def geometry(
    name: Annotated[str, typer.Argument(metavar="RUN", help="name of a run; see `ance runs list`")],
    steps: Annotated[
        list[int] | None, typer.Option("--step", help="only this snapshot; may be repeated")
    ] = None,
    umap: Annotated[
        bool, typer.Option("--umap", help="also the UMAP of the page Embedding space, which takes a minute")
    ] = False,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Measure the embedding space of a run. Anisotropy, uniformity, rank, hubness, collapse.

    One row a measure, one column a snapshot. After ± stands half a 95 % interval where a sample was measured.
    """
    run = Store(runs).run(name)
    with console.status(f"measuring {name}"):
        from ..probes.geometry import measure_run

        found = measure_run(run, steps or None)
    if umap:
        _compute_umap(run)
    if as_json:
        print_json({"run": run.name, **_plain(found)})
        return
    if found.lights:
        out.print(_table(run.name, found))
    for step, light in found.lights.items():
        if light.colour != "green":
            console.print(f"step {step}: {light.colour}: {light.reason}", style="yellow", markup=False)
    for step, notes in found.notes.items():
        for note in notes:
            console.print(f"note: step {step}: {note}", style="yellow", markup=False, soft_wrap=True)


def _compute_umap(run: Run) -> None:
    """In a process of its own, as for the page. ProbeError where that fails."""
    from ..probes.projection import umap_request, umap_state

    umap_request(run)
    with console.status(f"UMAP of {run.name}") as status:
        while (state := umap_state(run)).state == "running":
            status.update(f"UMAP of {run.name}: {state.share:.0%}")
            time.sleep(LOOK_S)
    if state.state != "done":
        raise ProbeError(f"run '{run.name}': {state.message}")


def _plain(found: RunGeometry) -> dict[str, Any]:
    return {
        "readings": found.readings.to_dict("records"),
        "draws": found.draws.to_dict("records"),
        "lights": {
            str(step): {"colour": light.colour, "reason": light.reason}
            for step, light in found.lights.items()
        },
        "notes": {str(step): notes for step, notes in found.notes.items() if notes},
    }


def _table(name: str, found: RunGeometry) -> FittedTable:
    """Measures down, snapshots across; where there is no room the middle ones go first."""
    from ..probes.geometry import MEASURES

    measured = list(found.lights)
    spare = {
        step: 0 if step in (measured[0], measured[-1]) else 1 + place for place, step in enumerate(measured)
    }
    columns = [Column("of"), Column("measure")]
    columns += [Column(f"step {step}", right=True, spare=spare[step]) for step in measured]
    table = FittedTable(columns, f"{name}: embedding space")
    columns_read = [found.readings[name] for name in ("step", "of", "measure", "value", "half_width")]
    cells = {(s, of, m): _cell(v, half) for s, of, m, v, half in zip(*columns_read, strict=True)}
    for of in SETS:
        for measure, meaning in MEASURES.items():
            row = [cells.get((step, of, measure), "") for step in measured]
            if any(row):
                table.add(of, meaning.title, *row)
    table.add("both", "collapse light", *(found.lights[step].colour for step in measured))
    _add_draws(table, measured, found)
    return table


def _add_draws(table: FittedTable, measured: list[int], found: RunGeometry) -> None:
    for of, rows in found.draws.groupby("of", sort=False):
        by_step = {row.step: row for row in rows.itertuples()}
        for column, title in (
            ("entropy", "evenness of draws (entropy)"),
            ("gini", "unevenness of draws (Gini)"),
        ):
            pairs = [(by_step.get(step), column) for step in measured]
            row = [
                "" if r is None else f"{getattr(r, c):.3f} ({getattr(r, f'even_{c}'):.3f})" for r, c in pairs
            ]
            table.add(f"drawn {of}", title, *row)
            note = "In brackets: what as many uniform draws give."
            table.notes = [note]


def _cell(value: float, half_width: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.3f} ± {half_width:.3f}" if half_width >= 0.0005 else f"{value:.3f}"
