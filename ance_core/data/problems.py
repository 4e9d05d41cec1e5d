"""What is wrong with a collection, gathered while reading: the first of each kind in words, the rest counted.

Readers never stop at the first bad line. They skip it and say so here; `load_dataset` then raises one
`DataError`, and `ance data check` prints the whole list. One way of reading, two uses of what it found.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import LONGEST, DataError, cut

_PLACE = re.compile(r"(.+?)(?::\d+)?: ")


@dataclass
class Problem:
    """One kind of problem: the message of its first occurrence, and how often it occurred."""

    kind: str
    message: str
    count: int = 1

    def __str__(self) -> str:
        return self.message + (f" (and {self.count - 1:,} more like it)" if self.count > 1 else "")


@dataclass
class Problems:
    """Errors break training; warnings are normal in some collections and worth knowing in all."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    files: set[str] = field(default_factory=set)  # that errors were found in

    def error(self, kind: str, message: str) -> None:
        """Count an error; its message is kept if it is the first of its kind."""
        _count(self.errors, kind, message)
        if place := _PLACE.match(message):
            self.files.add(place[1])

    def about(self, path: Path | None) -> bool:
        """Whether an error was found in that file, or in one of that folder; False for None.

        What is missing elsewhere may then follow from it, and one cause should give one error.
        """
        inside = f"{path}{os.sep}"
        return path is not None and any(file == str(path) or file.startswith(inside) for file in self.files)

    def warn(self, kind: str, message: str) -> None:
        """Count a warning; its message is kept if it is the first of its kind."""
        _count(self.warnings, kind, message)

    def raise_errors(self) -> None:
        """DataError with the first error found, on one line, if there is any."""
        if not self.errors:
            return
        others = len(self.errors) - 1
        more = (
            f" [{others} other kind{'s' * (others > 1)} of problem: see `ance data check`]" if others else ""
        )
        raise DataError(f"{self.errors[0]}{more}")


def _count(known: list[Problem], kind: str, message: str) -> None:
    for problem in known:
        if problem.kind == kind:
            problem.count += 1
            return
    known.append(Problem(kind, cut(" ".join(message.split()), LONGEST)))


def shown(value: object, width: int = 40) -> str:
    """A value as it stands in an error message: quoted, and cut so that the message stays one line."""
    text = repr(value[: 4 * width] if isinstance(value, str | bytes) else value)
    return text if len(text) <= width else text[: width - 4] + "..." + text[-1]
