"""Progress of training on the terminal: a bar a run, with rate and time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from ..training.run import Training


@contextmanager
def training_progress(console: Console) -> Iterator[Callable[[Training], None]]:
    """Bars for the runs that `watch` is called with. Silent where the console is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} steps/s"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}

        def watch(training: Training) -> None:
            name = training.writer.name
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=training.config.steps, rate="", note="")
            rate = training.step / training.seconds if training.seconds else 0.0
            note = "paused" if training.control.paused else ""
            if "RR@10" in training.evaluated:
                note = note or f"dev RR@10 {training.evaluated['RR@10']:.3f}"
            progress.update(tasks[name], completed=training.step, rate=f"{rate:.0f}", note=note)

        yield watch
