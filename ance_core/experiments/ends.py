"""Who ends above whom beyond chance: paired tests of every two arms of one budget, and of each arm with its own start.

Differences are paired by query and seed and tested by the crossed-variance t (`crossed_means`); with one seed they speak
of that seed only. Holm's correction counts all pairs and all starts as one family. Arms that spend differently
(`recipes.budget.Spend`) are never ranked against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..recipes.budget import Spend
from .statistics import crossed_means, holm

LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class Arm:
    """A method at its end. first, last: by seed, what each query scores, (Q,), the same queries in all arms."""

    label: str
    budget: Spend
    first: Mapping[int, np.ndarray]
    last: Mapping[int, np.ndarray]


@dataclass(frozen=True)
class Ranked:
    """The arms of one budget. labels: best first. above: (i, j) where i ends above j beyond chance, places in `labels`.

    seeds: how many they are compared over; 0: they share none, and `above` is empty.
    """

    budget: Spend
    labels: tuple[str, ...]
    seeds: int
    above: frozenset[tuple[int, int]]

    def blocks(self) -> list[range]:
        """The finest cut of the places into stretches of which each lies wholly above the next.

        >>> Ranked(Spend(1, "pairwise"), ("a", "b", "c"), 1, frozenset({(0, 1), (0, 2)})).blocks()
        [range(0, 1), range(1, 3)]
        """
        size = len(self.labels)
        cuts = [
            k for k in range(1, size) if all((i, j) in self.above for i in range(k) for j in range(k, size))
        ]
        return [range(start, end) for start, end in zip([0, *cuts], [*cuts, size], strict=True)]


@dataclass(frozen=True)
class Ends:
    """What the tests found. below, above: labels of arms that ended below, above their start beyond chance.

    lower: labels of arms whose mean is below their start's. tests: size of the family that Holm's correction counts.
    """

    groups: tuple[Ranked, ...]
    below: tuple[str, ...]
    above: tuple[str, ...]
    lower: tuple[str, ...]
    tests: int


def compare_ends(arms: Sequence[Arm]) -> Ends:
    """Test every two arms of one budget over the seeds that all of it share, and each arm against its start."""
    budgets: dict[Spend, list[Arm]] = {}
    for arm in arms:
        budgets.setdefault(arm.budget, []).append(arm)
    ordered = [_ordered(group) for group in budgets.values()]
    tables = [
        _stacked(a.last, seeds) - _stacked(b.last, seeds)
        for group, seeds in ordered
        for a, b in combinations(group, 2)
        if seeds
    ]
    pairs = len(tables)
    tables += [_stacked(arm.last, sorted(arm.last)) - _stacked(arm.first, sorted(arm.last)) for arm in arms]
    means, decided = _decided(tables)
    beyond, groups, at = decided[:pairs], [], 0
    for group, seeds in ordered:
        places = list(combinations(range(len(group)), 2)) if seeds else []
        above = frozenset(place for place, sure in zip(places, beyond[at:], strict=False) if sure)
        at += len(places)
        groups.append(Ranked(group[0].budget, tuple(arm.label for arm in group), len(seeds), above))
    starts = list(zip(arms, means[pairs:], decided[pairs:], strict=True))
    return Ends(
        groups=tuple(groups),
        below=tuple(arm.label for arm, mean, sure in starts if sure and mean < 0),
        above=tuple(arm.label for arm, mean, sure in starts if sure and mean > 0),
        lower=tuple(arm.label for arm, mean, _ in starts if mean < 0),
        tests=len(tables),
    )


def _ordered(group: list[Arm]) -> tuple[list[Arm], list[int]]:
    """Best first over the seeds that all have, and these seeds; in the order given where there are none."""
    seeds = sorted(set.intersection(*(set(arm.last) for arm in group)))
    if not seeds:
        return group, []
    return sorted(group, key=lambda arm: -float(_stacked(arm.last, seeds).mean())), seeds


def _stacked(values: Mapping[int, np.ndarray], seeds: Sequence[int]) -> np.ndarray:
    return np.stack([np.asarray(values[seed], np.float64) for seed in seeds])


def _decided(tables: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The mean of each table (S, Q), and whether it differs from 0 beyond chance."""
    means, p = np.zeros(len(tables)), np.ones(len(tables))
    for shape in {table.shape for table in tables}:
        where = [i for i, table in enumerate(tables) if table.shape == shape]
        found = crossed_means(np.stack([tables[i] for i in where]))
        means[where], p[where] = (
            found.mean,
            np.nan_to_num(found.p, nan=1.0),
        )  # nothing varies: nothing is decided
    return means, holm(p) < LEVEL
