"""Which passages satisfy what is asked, and which miss one thing: counted from facts, complete at every size."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .facts import UNSTATED, Facts


class Ask(NamedTuple):
    """What a query asks for: a kind, and families with the values wanted (as stored, 1 + row)."""

    kind: int
    families: tuple[int, ...]
    values: tuple[int, ...]


class Judge:
    """Looks asks up in the facts of a catalogue: passages by kind, and by (family, value)."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._columns = np.ascontiguousarray(facts.values.T)  # (F, N)
        order = np.argsort(facts.kinds, kind="stable").astype(np.int32)
        ends = np.cumsum(np.bincount(facts.kinds, minlength=256))
        self._of_kind = np.split(order, ends[:-1])  # rows of each kind, ascending
        self._kind_columns: dict[int, np.ndarray] = {}
        self._posting: dict[tuple[int, int], np.ndarray] = {}

    def answers(self, ask: Ask) -> np.ndarray:
        """Rows of the passages that satisfy all of it, ascending, int32."""
        rows, met = self._met(ask)
        return np.asarray(rows[met == len(ask.families)])

    def near_misses(self, ask: Ask) -> tuple[np.ndarray, np.ndarray]:
        """(rows, missed): passages that satisfy all but one thing, and its column: a family, or F for the kind."""
        rows, met = self._met(ask)
        own = rows[met == len(ask.families) - 1]
        wanted = np.array(ask.values)
        lacking = self._columns[np.array(ask.families)[:, None], own] != wanted[:, None]
        missed = np.array(ask.families)[lacking.argmax(axis=0)]
        others = self._other_kinds(ask)
        rows = np.concatenate([own, others])
        missed = np.concatenate([missed, np.full(len(others), len(self._columns))])
        order = np.argsort(rows, kind="stable")
        return rows[order], missed[order]

    def _met(self, ask: Ask) -> tuple[np.ndarray, np.ndarray]:
        """(rows of the kind, how many of the wanted values each has)."""
        columns = self._kind_columns.get(ask.kind)
        rows = self._of_kind[ask.kind]
        if columns is None:
            columns = self._kind_columns[ask.kind] = np.ascontiguousarray(self._columns[:, rows])
        met = np.zeros(len(rows), dtype=np.uint8)
        for family, value in zip(ask.families, ask.values, strict=True):
            met += columns[family] == value
        return rows, met

    def _other_kinds(self, ask: Ask) -> np.ndarray:
        """Passages of other kinds that have all the values: the rarest value's list, checked for the others."""
        pairs = sorted(
            zip(ask.families, ask.values, strict=True), key=lambda pair: len(self._rows_with(*pair))
        )
        rows = self._rows_with(*pairs[0])
        for family, value in pairs[1:]:
            rows = rows[self._columns[family, rows] == value]
        return rows[self._facts.kinds[rows] != ask.kind]

    def _rows_with(self, family: int, value: int) -> np.ndarray:
        key = family, value
        if key not in self._posting:
            assert value != UNSTATED
            self._posting[key] = np.flatnonzero(self._columns[family] == value).astype(np.int32)
        return self._posting[key]
