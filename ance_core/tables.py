"""A table for the terminal that stays readable where the terminal is narrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

UNBOUNDED = 10_000
_JOINERS = "\u200c\u200d"  # of letters and of emoji: not printable by themselves, and needed


def one_line(text: str) -> str:
    """A text as one line that a terminal only shows: no control characters, no marks that turn the direction.

    >>> one_line("a\\x1b[2Jb\\n c")
    'a [2Jb c'
    """
    return " ".join("".join(c if c.isprintable() or c in _JOINERS else " " for c in text).split())


@dataclass(frozen=True)
class Column:
    """A heading; numbers stand to the `right`. spare: 0 is always shown, the highest goes first for room."""

    heading: str
    right: bool = False
    spare: int = 0


@dataclass
class FittedTable:
    """Rows of texts under columns; those that can be spared go where the width is short, and a line says so."""

    columns: Sequence[Column]
    title: str | None = None
    notes: Sequence[str] = ()
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Add a row, a text for each column."""
        assert len(cells) == len(self.columns)
        self.rows.append(cells)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        kept = list(range(len(self.columns)))
        while self._width(console, options, kept) > options.max_width:
            spare = max(kept, key=lambda i: (self.columns[i].spare, i))
            if not self.columns[spare].spare:
                break
            kept.remove(spare)
        yield self._table(kept)
        gone = [column.heading for i, column in enumerate(self.columns) if i not in kept]
        if gone:
            yield Text(f"no room for: {', '.join(gone)} (in a wider terminal, or a pipe)", style="dim")
        for note in self.notes:
            yield Text(note, style="yellow")

    def _width(self, console: Console, options: ConsoleOptions, kept: list[int]) -> int:
        unbounded = options.update(width=UNBOUNDED)
        return Measurement.get(console, unbounded, self._table(kept)).maximum

    def _table(self, kept: list[int]) -> Table:
        table = Table(box=box.SIMPLE_HEAD, title=self.title, title_justify="left", pad_edge=False)
        for i in kept:
            column = self.columns[i]
            table.add_column(Text(column.heading), justify="right" if column.right else "left", no_wrap=True)
        for row in self.rows:
            table.add_row(*(Text(row[i]) for i in kept))
        return table
