"""What a finished run has to say, for people and for scripts."""

from __future__ import annotations

from typing import Any

from ..runs import Run
from ..tables import Column, FittedTable
from .app import console, out


def run_summary(run: Run) -> dict[str, Any]:
    """The object that `ance train --json` ends with."""
    results = run.results()
    training = results.get("training", {})
    status = run.status()
    return {
        "run": run.name,
        "id": run.info.get("id"),
        "folder": str(run.folder.resolve()),
        "state": status.state,
        "seconds": training.get("seconds"),
        "steps": status.step,
        "dev": results.get("dev", {}),
        "test": results.get("test", {}),
    }


def announce(run: Run) -> None:
    """Measures by split as a table, and where to look next."""
    summary = run_summary(run)
    if summary["state"] != "finished":
        note = f"{run.name}: {summary['state']} at step {summary['steps']}. {run.status().message}"
        console.print(note, markup=False, highlight=False, soft_wrap=True)
        return
    names = list(summary["test"] or summary["dev"])
    columns = (Column("split"), *(Column(name, right=True) for name in names))
    table = FittedTable(columns, f"{run.name}: {summary['steps']} steps in {summary['seconds']:.1f} s")
    for split in ("dev", "test"):
        if summary[split]:
            table.add(split, *(f"{summary[split][name]:.4f}" for name in names))
    out.print(table)
    console.print(
        f"Look at it: ance app --runs {run.folder.parent}", markup=False, highlight=False, soft_wrap=True
    )
