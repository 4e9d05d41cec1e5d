"""`ance runs`: what there is, and what becomes of it."""

from __future__ import annotations

import datetime
import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from ..runs import Run, Store
from ..tables import Column, FittedTable
from .app import AsJson, RunsFolder, app, console, out, print_json
from .results import run_summary

runs_app = typer.Typer(help="Runs: list, show, delete, export, import.", no_args_is_help=True)
app.add_typer(runs_app, name="runs")

RunName = Annotated[str, typer.Argument(help="name of a run; see `ance runs list`")]


@runs_app.command("list")
def list_(runs: RunsFolder = Path("runs"), as_json: AsJson = False) -> None:
    """All runs of a folder with their state and best measures."""
    logging.getLogger("ance_core.runs.store").setLevel(logging.ERROR)  # the same notes are printed below
    store = Store(runs)
    found = store.runs()
    if as_json:
        print_json({"runs": [run_summary(run) for run in found], "problems": store.problems()})
        return
    columns = (
        Column("run"),
        Column("method", spare=2),
        Column("data", spare=3),
        Column("seed", right=True, spare=4),
        Column("state"),
        Column("step", right=True),
        Column("test RR@10", right=True),
        Column("created", spare=5),
    )
    table = FittedTable(columns)
    for run in found:
        table.add(*_row(run))
    if found:
        out.print(table)
    else:
        console.print(f"no runs in {runs} yet", markup=False, highlight=False)
    for problem in store.problems():
        console.print("note: skipped", problem, style="yellow", markup=False, highlight=False, soft_wrap=True)


def _row(run: Run) -> tuple[str, ...]:
    status = run.status()
    created = datetime.datetime.fromtimestamp(run.info["created"]).strftime("%Y-%m-%d %H:%M")
    rr = run.results().get("test", {}).get("RR@10")
    method = str(run.info["recipe"]) + (" (warm-up)" if run.info["kind"] == "warmup" else "")
    data, seed = run.info["dataset"]["name"], str(run.info["seed"])
    step = f"{status.step}/{status.steps}"
    return run.name, method, data, seed, status.state, step, f"{rr:.4f}" if rr is not None else "", created


@runs_app.command()
def show(name: RunName, runs: RunsFolder = Path("runs"), as_json: AsJson = False) -> None:
    """Settings, state, results, refreshes and events of a run."""
    run = Store(runs).run(name)
    facts = {
        **run_summary(run),
        "message": run.status().message,
        "info": run.info,
        "checkpoints": list(run.checkpoints()),
        "snapshots": run.snapshots(),
    }
    if as_json:
        tables = {"refreshes": run.refreshes().to_dict("records"), "events": run.events().to_dict("records")}
        print_json({**facts, **tables})
        return
    for line in _outline({key: value for key, value in facts.items() if key not in ("dev", "test")}):
        out.print(line, highlight=False, soft_wrap=True)
    for title, frame in (("refreshes", run.refreshes()), ("events", run.events())):
        if not len(frame):
            continue
        if "time" in frame:
            frame = frame.assign(time=[f"{datetime.datetime.fromtimestamp(t):%H:%M:%S}" for t in frame.time])
        out.print(f"[bold]{title}[/bold]")
        out.print(
            frame.dropna(axis=1, how="all").round(3).to_string(index=False), markup=False, soft_wrap=True
        )


def _outline(facts: dict[str, Any], depth: int = 0) -> list[str]:
    """`name: value` lines, groups indented under their name; what is empty is left out."""
    lines = []
    for key, value in facts.items():
        if value is None or value in ("", {}, []):
            continue
        head = f"{'  ' * depth}[bold]{escape(str(key))}[/bold]:"
        if isinstance(value, dict):
            inside = _outline(value, depth + 1)
            lines += [head, *inside] if inside else []
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            shown = f"{shown:.4f}" if isinstance(shown, float) and abs(shown) > 1e-3 else shown
            lines.append(f"{head} {escape(str(shown))}")
    return lines


@runs_app.command()
def delete(
    names: Annotated[list[str], typer.Argument(metavar="RUN...", help="runs to delete")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
    force: Annotated[bool, typer.Option("--force", help="also one that is damaged or at work")] = False,
    runs: RunsFolder = Path("runs"),
) -> None:
    """Delete runs for good.

    At a terminal it asks first. Where one of several names is wrong, none is deleted.
    """
    store = Store(runs)
    names = list(dict.fromkeys(names))
    for name in names:
        store.check_delete(name, force=force)
    if not yes and sys.stdin.isatty():
        what = names[0] if len(names) == 1 else f"these {len(names)} runs: {', '.join(names)}"
        if not typer.confirm(f"Delete {what}? There is no way back.", err=True):
            console.print("nothing deleted")
            return
    for name in names:
        store.delete(name, force=force)
        console.print(f"deleted {name}", highlight=False)


@runs_app.command()
def export(
    name: RunName,
    target: Annotated[Path, typer.Argument(help="zip file, or the folder to put it in")] = Path(),
    runs: RunsFolder = Path("runs"),
) -> None:
    """Write a run to a zip that opens elsewhere with `ance runs import`."""
    with console.status(f"packing {name}"):
        path = Store(runs).export(name, target)
    print(path)


@runs_app.command("import")
def import_(
    archive: Annotated[Path, typer.Argument(help="zip made by `ance runs export`")],
    name: Annotated[str | None, typer.Option("--name", help="another name for it")] = None,
    runs: RunsFolder = Path("runs"),
) -> None:
    """Open an exported run in this folder of runs."""
    with console.status(f"unpacking {archive}"):
        run = Store(runs, create=True).import_zip(archive, name)
    print(run.name)
