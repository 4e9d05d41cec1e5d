"""What a finished run has to say, for people and for scripts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import StoreError
from ..runs import Run
from ..tables import Column, FittedTable
from .app import console, out

DAMAGED = "damaged"


def run_summary(run: Run) -> dict[str, Any]:
    """The object that `ance train --json` ends with. splits: measures of all but train, dev and test among them.

    damage: a line for each file of the run that cannot be used; its part of the rest is then empty.
    """
    results = results_of(run)
    training, splits = results.get("training", {}), {k: v for k, v in results.items() if k != "training"}
    status = run.status()
    return {
        "run": run.name,
        "id": run.info.get("id"),
        "folder": str(run.folder.resolve()),
        "state": status.state,
        "seconds": training.get("seconds"),
        "steps": status.step,
        "dev": splits.get("dev", {}),
        "test": splits.get("test", {}),
        "splits": splits,
        "pool": pool_said(run),
        "damage": run.damage(),
    }


def results_of(run: Run) -> dict[str, Any]:
    """The results of a run; none where they are damaged, which `Run.damage` tells."""
    try:
        return run.results()
    except StoreError:
        return {}


def unread_summary(folder: Path, line: str) -> dict[str, Any]:
    """The same object for a run that cannot be opened, for the reason that `line` says."""
    empty = dict.fromkeys(("id", "seconds", "steps", "pool"))
    measures: dict[str, Any] = {"dev": {}, "test": {}, "splits": {}}
    return {
        "run": folder.name,
        "folder": str(folder.resolve()),
        "state": DAMAGED,
        **empty,
        **measures,
        "damage": [line],
    }


def looks_like_run(folder: Path) -> bool:
    """Whether a folder that cannot be opened once was a run, and not something else that was put there."""
    return any(os.path.lexists(folder / name) for name in ("run.json", "log.sqlite", "checkpoints"))


def pool_said(run: Run) -> str | None:
    """How deep the pools of a run are, with their share of the corpus; None for an older run that does not say."""
    depth = (run.info["config"].get("negatives") or {}).get("pool_depth")
    documents = run.info["dataset"].get("docs")
    if not depth or not documents:
        return None
    return f"{min(depth, documents)} candidates a query, {min(1.0, depth / documents):.1%} of {documents:,} documents"


def announce(run: Run) -> None:
    """Measures by split as a table, and where to look next."""
    summary = run_summary(run)
    if summary["state"] != "finished":
        note = f"{run.name}: {summary['state']} at step {summary['steps']}. {run.status().message}"
        console.print(note, markup=False, highlight=False, soft_wrap=True)
        return
    names = list(dict.fromkeys(name for measures in summary["splits"].values() for name in measures))
    columns = (Column("split"), *(Column(name, right=True) for name in names))
    table = FittedTable(columns, f"{run.name}: {summary['steps']} steps in {summary['seconds']:.1f} s")
    for split, measures in summary["splits"].items():
        table.add(split, *(f"{measures[name]:.4f}" if name in measures else "" for name in names))
    out.print(table)
    console.print(
        f"Look at it: ance app --runs {run.folder.parent}", markup=False, highlight=False, soft_wrap=True
    )
