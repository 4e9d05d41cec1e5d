"""What becomes of negatives after they were trained on: learned, and forgotten again.

Sun et al. 2022 (ANCE-Tele): as negatives are renewed, models "learn and forget" groups of them in turn. A group here is
what was drawn between two refreshes, or between two snapshots where nothing is refreshed. A negative counts as learned
in a snapshot if it scores below the positive it was drawn against; as forgotten, if it was learned in an
earlier snapshot and is not in this one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .space import Space

MOST = 4000
"""Different negatives of a group that are followed; more change a share by less than a hundredth."""


@dataclass(frozen=True)
class Group:
    """Different (query, positive, document) rows (n,) drawn after step `first` - 1 up to `last`."""

    first: int
    last: int
    query: np.ndarray
    positive: np.ndarray
    document: np.ndarray


@dataclass(frozen=True)
class Course:
    """A group's shares (s,) in each of the snapshots at `steps` (s,); size: how many negatives they are over."""

    group: Group
    steps: np.ndarray
    learned: np.ndarray
    forgotten: np.ndarray
    size: int


def groups(
    step: np.ndarray,
    query: np.ndarray,
    positive: np.ndarray,
    document: np.ndarray,
    edges: Sequence[int],
    inside: np.ndarray | None = None,
) -> list[Group]:
    """The negatives drawn after edges[i] up to edges[i + 1], each once; a fixed sample of MOST where there are more.

    inside: (n,) bool of records that can be followed, all if None.
    """
    found = []
    usable = np.ones(len(step), bool) if inside is None else inside
    for start, end in itertools.pairwise(edges):
        rows = np.nonzero(usable & (step > start) & (step <= end))[0]
        triples = np.stack([query[rows], positive[rows], document[rows]])
        if not triples.shape[1]:
            continue
        different = np.unique(triples, axis=1)
        if different.shape[1] > MOST:
            chosen = np.random.default_rng(0).permutation(different.shape[1])[:MOST]
            different = different[:, np.sort(chosen)]
        found.append(Group(start + 1, end, *different))
    return found


def course(group: Group, spaces: Sequence[Space]) -> Course:
    """Learned and forgotten shares of a group over snapshots in the order of their steps."""
    below = np.stack(
        [
            space.score(group.query, group.positive) - space.score(group.query, group.document)
            for space in spaces
        ]
    )  # (s, n) margin of the positive
    margins = below[:, np.isfinite(below).all(axis=0)]
    learned = margins > 0
    ever = np.logical_or.accumulate(learned, axis=0)
    forgotten = np.zeros_like(learned)
    forgotten[1:] = ever[:-1] & ~learned[1:]
    size = margins.shape[1]
    steps = np.array([space.step for space in spaces])
    return Course(group, steps, _share(learned), _share(forgotten), size)


def _share(true: np.ndarray) -> np.ndarray:
    """(s,) of (s, n); nan where n is 0."""
    return true.mean(axis=1) if true.shape[1] else np.full(len(true), np.nan)


def fewer_edges(edges: Sequence[int], most: int) -> list[int]:
    """At most `most` + 1 of the ascending edges, the first and the last among them, as evenly as they allow."""
    edges = sorted(set(edges))
    if len(edges) <= most + 1:
        return edges
    return [edges[i] for i in np.unique(np.linspace(0, len(edges) - 1, most + 1).round().astype(int))]
