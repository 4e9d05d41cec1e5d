"""Counts of records in bins, in one pass; shares with their intervals."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ..normal import NORMAL_95


@dataclass(frozen=True)
class Histogram:
    """edges: (b + 1,) ascending. counts: (p, b) records of each phase in each bin, the outermost ones open-ended."""

    edges: np.ndarray
    counts: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """(p, b) of each phase's records; 0 in a phase without any."""
        return self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)


def even_edges(low: float, high: float, bins: int) -> np.ndarray:
    """(bins + 1,) edges between two numbers; around the one number where both are the same."""
    return np.linspace(low, high, bins + 1) if high > low else np.linspace(low - 0.5, low + 0.5, bins + 1)


def histogram(values: np.ndarray, edges: np.ndarray, phase: np.ndarray, phases: int) -> Histogram:
    """Counts of (n,) values in bins [edge, next edge) by (n,) phase; the ends count in the first and last bin.

    Values that are not finite are left out. Edges must be evenly spaced: bins are computed, not searched.
    """
    bins = len(edges) - 1
    usable = np.isfinite(values)
    at = (values[usable] - edges[0]) * (bins / (edges[-1] - edges[0]))
    bin_ = np.clip(at, 0, bins - 1).astype(np.int64)
    flat = np.bincount(phase[usable].astype(np.int64) * bins + bin_, minlength=phases * bins)
    return Histogram(edges, flat.reshape(phases, bins))


def phase_of(step: np.ndarray, last: int, phases: int) -> np.ndarray:
    """(n,) int8: which of `phases` equal stretches of the steps 1 to `last` each step lies in."""
    return np.clip((step.astype(np.int64) - 1) * phases // max(last, 1), 0, phases - 1).astype(np.int8)


def phase_steps(last: int, phases: int) -> list[tuple[int, int]]:
    """First and last step of each stretch; one that holds no step has its first after its last.

    >>> phase_steps(600, 3)
    [(1, 200), (201, 400), (401, 600)]
    """
    starts = [-(-i * last // phases) + 1 for i in range(phases + 1)]
    return [(first, after - 1) for first, after in itertools.pairwise(starts)]


def wilson(hits: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of the 95 % interval of a share (Wilson 1927); 0 and 1 where nothing was counted.

    Good also for shares near 0, where mean ± 2 deviations would reach below it. Takes the counted things as
    independent, which draws for one query are only in part.
    """
    hits, total = np.asarray(hits, float), np.asarray(total, float)
    n = np.maximum(total, 1)
    share = hits / n
    middle = (share + NORMAL_95**2 / (2 * n)) / (1 + NORMAL_95**2 / n)
    half = NORMAL_95 / (1 + NORMAL_95**2 / n) * np.sqrt(share * (1 - share) / n + NORMAL_95**2 / (4 * n**2))
    low, high = np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
    return np.where(total > 0, low, 0.0), np.where(total > 0, high, 1.0)
