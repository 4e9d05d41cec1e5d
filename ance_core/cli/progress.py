"""Progress on the terminal: of a collection being built, and of training, a bar a run with rate and time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from ..data.embedded import Place
    from ..training.run import Training


def prepare(console: Console, data: str) -> Place:
    """Where the dataset `data` is; what has to be built is built now, with a bar where the console is a terminal.

    Whatever reads it afterwards finds it in the cache.
    """
    from ..data.embedded import locate

    columns = (
        TextColumn("building {task.fields[name]}"),
        BarColumn(bar_width=20),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        tasks: list[TaskID] = []

        def watch(done: int, total: int, what: str) -> None:
            if not tasks:
                tasks.append(progress.add_task("", name=data))
            progress.update(tasks[0], completed=done, total=total, description=what)

        return locate(data, watch)


@contextmanager
def training_progress(console: Console) -> Iterator[Callable[[Training], None]]:
    """Bars for the runs that `watch` is called with. Silent where the console is no terminal.

    Until the first call it says that data and model are being made ready.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}
        loading = progress.add_task("data and model", total=None, rate="", note="getting ready")

        def watch(training: Training) -> None:
            name = training.writer.name
            if name not in tasks:
                progress.update(loading, visible=False)
                tasks[name] = progress.add_task(name, total=training.config.steps, rate="", note="")
            rate = training.step / training.seconds if training.seconds else 0.0
            shown = f"{rate:.0f} steps/s" if rate >= 10 else f"{rate:.1f} steps/s"
            progress.update(tasks[name], completed=training.step, rate=shown, note=_note(training))

        yield watch


def _note(training: Training) -> str:
    if training.control.paused:
        return "paused"
    for name, value in training.evaluated.items():  # that of the first split
        if name.endswith("/RR@10"):
            return f"{name.replace('/', ' ')} {value:.3f}"
    return ""
