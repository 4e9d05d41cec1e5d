"""`ance runs`: what there is, and what becomes of it."""

from __future__ import annotations

import datetime
import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from ..errors import StoreError
from ..runs import Run, Store
from ..tables import Column, FittedTable, one_line
from .app import AsJson, RunsFolder, app, console, out, print_json
from .results import DAMAGED, looks_like_run, results_of, run_summary, unread_summary

MOST_SAID = 3  # damaged files of a run that are named in a list

runs_app = typer.Typer(help="Runs: list, show, delete, export, import.", no_args_is_help=True)
app.add_typer(runs_app, name="runs")

RunName = Annotated[str, typer.Argument(help="name of a run; see `ance runs list`")]


@runs_app.command("list")
def list_(runs: RunsFolder = Path("runs"), as_json: AsJson = False) -> None:
    """All runs of a folder with their state and best measures."""
    logging.getLogger("ance_core.runs.store").setLevel(logging.ERROR)  # the same notes are printed below
    store = Store(runs)
    found = store.runs()
    unread = {name: line for name, line in store.damaged().items() if looks_like_run(store.folder / name)}
    if as_json:
        rows = [run_summary(run) for run in found]
        rows += [unread_summary(store.folder / name, line) for name, line in unread.items()]
        print_json({"runs": rows, "problems": store.problems()})
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
    damaged = {run.name: lines for run in found if (lines := run.damage())}
    for run in found:
        table.add(*_row(run, run.name in damaged))
    for name in unread:
        table.add(one_line(name), *("" for _ in range(3)), DAMAGED, *("" for _ in range(3)))
    if table.rows:
        out.print(table)
    else:
        console.print(f"no runs in {runs} yet", markup=False, highlight=False)
    for problem in store.problems():
        _note("skipped", problem)
    for lines in damaged.values():
        _note(*lines[:MOST_SAID], *([f"and {len(lines) - MOST_SAID} more"] if len(lines) > MOST_SAID else []))


def _note(*words: str) -> None:
    said = one_line("; ".join(words) if words[0] != "skipped" else " ".join(words))
    console.print("note:", said, style="yellow", markup=False, highlight=False, soft_wrap=True)


def _row(run: Run, damaged: bool) -> tuple[str, ...]:
    try:
        status = run.status()
    except StoreError:  # since the folder was listed
        return one_line(run.name), "", "", "", DAMAGED, "", "", ""
    info = run.info
    created = f"{datetime.datetime.fromtimestamp(info['created']):%Y-%m-%d %H:%M}" if info["created"] else ""
    rr = results_of(run).get("test", {}).get("RR@10")
    method = str(info["recipe"] or "") + (" (warm-up)" if info["kind"] == "warmup" else "")
    data, seed = info["dataset"].get("name") or "", str(info["seed"] if info["seed"] is not None else "")
    cells = (run.name, method, data, seed, f"{status.state}, {DAMAGED}" if damaged else status.state)
    score = f"{rr:.4f}" if rr is not None else ""
    return (*map(one_line, cells), f"{status.step}/{status.steps}", score, created)


@runs_app.command()
def show(name: RunName, runs: RunsFolder = Path("runs"), as_json: AsJson = False) -> None:
    """Settings, state, results, refreshes and events of a run."""
    run = Store(runs).run(name)
    summary = run_summary(run)
    facts = {
        **summary,
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
            frame = frame.assign(time=[_clock(t) for t in frame.time])
        out.print(f"[bold]{title}[/bold]")
        said = (
            frame.dropna(axis=1, how="all")
            .round(3)
            .map(lambda cell: one_line(cell) if isinstance(cell, str) else cell)
        )
        out.print(said.to_string(index=False), markup=False, soft_wrap=True)
    for line in summary["damage"]:
        _note(line)


def _clock(seconds: float) -> str:
    """The time of day; a dash for what is none, in a log that was edited."""
    try:
        return f"{datetime.datetime.fromtimestamp(seconds):%H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return "-"


def _outline(facts: dict[str, Any], depth: int = 0) -> list[str]:
    """`name: value` lines, groups indented under their name; what is empty is left out."""
    lines = []
    for key, value in facts.items():
        if value is None or value in ("", {}, []):
            continue
        head = f"{'  ' * depth}[bold]{escape(one_line(str(key)))}[/bold]:"
        if isinstance(value, dict):
            inside = _outline(value, depth + 1)
            lines += [head, *inside] if inside else []
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            shown = f"{shown:.4f}" if isinstance(shown, float) and abs(shown) > 1e-3 else shown
            lines.append(f"{head} {escape(one_line(str(shown)))}")
    return lines


@runs_app.command()
def delete(
    names: Annotated[list[str], typer.Argument(metavar="RUN...", help="runs to delete")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="also one that is damaged, or at work, whose training it ends first"),
    ] = False,
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
