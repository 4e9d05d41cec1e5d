"""Training from the command line: bars while it runs, what it found at the end, how to go on after Ctrl-C."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import AnceError
from ..runs import Store
from .app import console, print_json
from .entry import INTERRUPTED
from .progress import prepare, training_progress
from .results import announce, run_summary

if TYPE_CHECKING:
    from ..config import RunConfig


def train_new(config: RunConfig, runs: Path, as_json: bool) -> None:
    """Train a run with these settings in the folder `runs`, and print what it reached."""
    fresh = not os.path.exists(runs)
    store = Store(runs, create=True)
    with console.status("loading"):
        from ..training.session import train_runs
    try:
        prepare(console, config.data.name)
        with _resumable(runs), training_progress(console) as watch:
            (run,) = train_runs([config], store, watch=watch)
    except AnceError:
        if fresh:
            with suppress(OSError):  # not empty: a run that failed half-way is in it, and can be resumed
                runs.rmdir()
        raise
    print_json(run_summary(run)) if as_json else announce(run)


def train_rest(name: str, runs: Path, as_json: bool) -> None:
    """Go on with the run of that name, and print what it reached."""
    store = Store(runs)
    with console.status("loading"):
        from ..training.session import resume_run
    with _resumable(runs), training_progress(console) as watch:
        run = resume_run(name, store, watch=watch)
    print_json(run_summary(run)) if as_json else announce(run)


@contextmanager
def _resumable(runs: Path) -> Iterator[None]:
    """After Ctrl-C, one line that says how to go on, and exit code 130."""
    from ..training.session import Interrupted

    try:
        yield
    except Interrupted as interrupted:
        place = "" if runs == Path("runs") else f" --runs {runs}"
        for name in interrupted.runs:
            line = f"ance: interrupted; go on with: ance train --resume {name}{place}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
