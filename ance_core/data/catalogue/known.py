"""What is known of a built catalogue, counted from its facts whenever it is asked: answers and all near misses.

known = Known(folder)                 # of `build()`, or `locate("catalogue").where`
known.asked("q0017")                  # {"kind": "kettle", "colour": "navy"}
known.near_misses("q0017")            # [("p0042", "colour"), ...], all of them, not only the stored ones
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

import numpy as np

from ...errors import DataError
from .facts import UNSTATED, Facts
from .judging import Ask, Judge


class Known:
    """Facts, answers and near misses of a built catalogue, by id."""

    def __init__(self, folder: Path) -> None:
        """DataError where the folder has no facts beside its corpus."""
        try:
            table = np.load(folder / "facts.npy", mmap_mode="r")
            self._asked = np.load(folder / "asked.npy", mmap_mode="r")
            columns = json.loads((folder / "facts.json").read_text(encoding="utf-8"))["columns"]
        except (OSError, ValueError, KeyError, TypeError):
            raise DataError(
                f"{folder}: no facts of a catalogue in it: give the folder of a built one, or delete it to build it again"
            ) from None
        self._names: list[str] = list(columns)  # "kind", then the families
        self._values: list[list[str]] = list(columns.values())
        self._facts = Facts(table[:, 0], table[:, 1:], np.zeros(len(table), np.uint8))
        self._digits = len(str(len(table))), len(str(len(self._asked)))

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self._facts)

    def stated(self, passage: str) -> dict[str, str]:
        """What a passage states: value names by family, and its kind."""
        row = self._row(passage, "p", len(self._facts))
        return self._said(int(self._facts.kinds[row]), self._facts.values[row])

    def asked(self, query: str) -> dict[str, str]:
        """What a query asks for, in the same form."""
        row = self._row(query, "q", len(self._asked))
        return self._said(int(self._asked[row, 0]), self._asked[row, 1:])

    def answers(self, query: str) -> list[str]:
        """Ids of all passages that satisfy a query."""
        return [self._passage(row) for row in self._judge.answers(self._ask(query)).tolist()]

    def near_misses(self, query: str) -> list[tuple[str, str]]:
        """(id, what it misses) of all passages that satisfy all but one thing that a query asks for."""
        rows, missed = self._judge.near_misses(self._ask(query))
        names = [*self._names[1:], self._names[0]]  # the kind has the number behind the families
        return [
            (self._passage(row), names[column])
            for row, column in zip(rows.tolist(), missed.tolist(), strict=True)
        ]

    def _ask(self, query: str) -> Ask:
        row = self._asked[self._row(query, "q", len(self._asked))]
        families = np.flatnonzero(row[1:] != UNSTATED)
        return Ask(int(row[0]), tuple(families.tolist()), tuple(row[1:][families].tolist()))

    def _said(self, kind: int, values: np.ndarray) -> dict[str, str]:
        told = {self._names[0]: self._values[0][kind]}
        for column in np.flatnonzero(values != UNSTATED).tolist():
            told[self._names[column + 1]] = self._values[column + 1][int(values[column]) - 1]
        return told

    def _passage(self, row: int) -> str:
        return f"p{row + 1:0{self._digits[0]}}"

    def _row(self, key: str, letter: str, size: int) -> int:
        number = key.removeprefix(letter)
        if key[:1] != letter or not number.isdecimal() or not 1 <= int(number) <= size:
            raise DataError(
                f"id {key!r}: not of this catalogue: {letter}1 to {letter}{size} are, with zeros in front"
            )
        return int(number) - 1
