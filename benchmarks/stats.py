"""Medians, spread, and ratios of pairs: the few statistics that hold on a noisy machine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RESAMPLES = 4000


@dataclass(frozen=True)
class Spread:
    """A median between the quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: np.ndarray) -> Spread:
        """Median and interquartile range of `values` (n,)."""
        low, median, high = np.percentile(values, (25, 50, 75))
        return cls(float(median), float(low), float(high))


@dataclass(frozen=True)
class Pairs:
    """Measurements of two sides taken next to each other, (n,) each: seconds a unit of work.

    processor: the same in seconds of processor time, (n, 2) ours and theirs, which a busy machine hardly changes.
    """

    ours: np.ndarray
    theirs: np.ndarray
    processor: np.ndarray | None = None

    def ratio(self) -> Spread:
        """theirs / ours: the median over pairs, with its 95 % interval by bootstrap over pairs."""
        return median_with_interval(self.theirs / self.ours)

    def processor_ratio(self) -> Spread | None:
        """The same ratio in processor time."""
        if self.processor is None:
            return None
        return median_with_interval(self.processor[:, 1] / self.processor[:, 0])


def median_with_interval(values: np.ndarray) -> Spread:
    """Median of `values` (n,) and a 95 % percentile-bootstrap interval of that median."""
    picks = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(np.median(values[picks], axis=1), (2.5, 97.5))
    return Spread(float(np.median(values)), float(low), float(high))
