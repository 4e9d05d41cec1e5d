"""What each passage states: a kind of goods, and values of some of the families that kind has.

Facts are drawn first and the text is written from them, so which passages answer a query is never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import DataError
from ...rng import GOLDEN, mix
from .draws import below, bits
from .names import Settings
from .world import World

BLOCK = 16_384  # passages drawn and written at a time
MOST_EQUAL = 5_000  # millionths of the passages that may have the facts of another one
ATTEMPTS = 16
UNSTATED = 0  # value v of a family is stored as v + 1


@dataclass(frozen=True, eq=False)
class Facts:
    """Facts of N passages. attempts: how often a passage was drawn again because another one had its facts."""

    kinds: np.ndarray  # (N,) uint8, rows into World.kinds
    values: np.ndarray  # (N, F) uint8, 0: not stated, else 1 + row into the family's values
    attempts: np.ndarray  # (N,) uint8

    def __len__(self) -> int:
        return len(self.kinds)


class FactDrawer:
    """Draws the facts of any rows of a catalogue, in any order."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._seed = settings.seed
        self._low, high = world.facts
        self._sizes = np.array([len(family.values) for family in world.families])
        self._has = np.zeros((len(world.kinds), len(world.families)), dtype=bool)
        for row, kind in enumerate(world.kinds):
            self._has[row, list(kind.families)] = True
        self.most = min(high, int(self._has.sum(axis=1).max()))  # facts of a passage, at most
        self._span = high - self._low + 1

    def draw(self, rows: np.ndarray, attempts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(kinds (n,), values (n, F), order (n, most)) of passages `rows`.

        order: the families stated, in the order in which the passage comes to them, then -1.
        """
        keys = rows.astype(np.uint64) + (attempts.astype(np.uint64) << np.uint64(40))
        n, families = len(rows), len(self._sizes)
        first = bits(self._seed, "kind", keys, 2)
        kinds = below(first[:, 0], len(self._has))
        has = self._has[kinds]
        rank = bits(self._seed, "families", keys, families)
        rank[~has] = 1 << 32  # behind all that the kind has
        order = np.argsort(rank, axis=1, kind="stable")[:, : self.most]
        count = np.minimum(self._low + below(first[:, 1], self._span), has.sum(axis=1))
        order[np.arange(self.most) >= count[:, None]] = -1
        stated = np.zeros((n, families + 1), dtype=bool)
        np.put_along_axis(stated, order, True, axis=1)  # -1 falls into the spare last column
        drawn = below(bits(self._seed, "values", keys, families), self._sizes) + 1
        return kinds, np.where(stated[:, :-1], drawn, UNSTATED), order


def draw_facts(world: World, settings: Settings, block: int = BLOCK) -> Facts:
    """The facts of all passages. Passages that repeat an earlier one are drawn again.

    DataError where the world has too few different articles for so many passages.
    """
    n = settings.passages
    drawer = FactDrawer(world, settings)
    facts = Facts(np.zeros(n, np.uint8), np.zeros((n, len(world.families)), np.uint8), np.zeros(n, np.uint8))
    due = np.arange(n)
    for _ in range(ATTEMPTS):
        for start in range(0, len(due), block):
            rows = due[start : start + block]
            kinds, values, _ = drawer.draw(rows, facts.attempts[rows])
            facts.kinds[rows], facts.values[rows] = kinds, values
        due = repeated(facts)
        if not len(due):
            break
        facts.attempts[due] += 1
    else:
        facts.attempts[due] -= 1  # they stay as they are
        if len(due) * 1_000_000 > MOST_EQUAL * n:
            raise DataError(
                f"{world.path}: too few different articles for {n:,} passages ({len(due):,} would have the facts of "
                "another): ask for fewer passages, or give the kinds more families and values"
            )
    return facts


def repeated(facts: Facts) -> np.ndarray:
    """Rows, ascending, of the passages that have the facts of an earlier one."""
    with np.errstate(over="ignore"):  # a 64-bit hash of the facts; a collision costs one needless new draw
        keys = mix(facts.kinds.astype(np.uint64) + GOLDEN)
        for column in facts.values.T:
            keys = mix((keys ^ column) + GOLDEN)
    order = np.argsort(keys, kind="stable")
    same = keys[order[1:]] == keys[order[:-1]]
    return np.sort(order[1:][same])
