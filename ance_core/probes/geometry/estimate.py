"""A number with its 95 % interval, and the rows that quadratic measures look at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...rng import generator
from ..normal import NORMAL_95

__all__ = ["LIMIT", "NORMAL_95", "NOTHING", "Estimate", "finite_share", "pair_mean_error", "sample_rows"]

LIMIT = 2048
"""Rows a quadratic measure compares with each other; beyond that, a fixed sample of so many."""


class Estimate(NamedTuple):
    """`value` ± `half_width`; a half width of 0 says that nothing was sampled. NaN: cannot be said."""

    value: float
    half_width: float = 0.0


NOTHING = Estimate(float("nan"))


def widths_apart(one: Estimate, other: Estimate) -> float:
    """|one - other| in widths of the wider of the two intervals (a width is two half widths).

    Infinite where two exact numbers differ, NaN where one cannot be said.

    >>> widths_apart(Estimate(0.9, 0.01), Estimate(0.1, 0.02))
    20.0
    """
    gap = abs(one.value - other.value)
    width = 2 * np.maximum(one.half_width, other.half_width)  # NaN where one is
    if width == 0:
        return float("nan") if np.isnan(gap) else float("inf") if gap else 0.0
    return float(gap / width)


def sample_rows(size: int, limit: int, purpose: str, seed: int = 0) -> np.ndarray:
    """All rows, or `limit` of them without replacement, ascending; the same for the same arguments."""
    if size <= limit:
        return np.arange(size)
    return np.sort(generator(seed, purpose).permutation(size)[:limit])


def finite_share(sampled: int, population: int | None) -> float:
    """Standard errors shrink by this factor where the sample is a good part of a finite population; 0: all of it."""
    if population is None:
        return 1.0
    return float(np.sqrt(max(0.0, 1.0 - sampled / population)))


def pair_mean_error(row_means: np.ndarray, pair_variance: float) -> float:
    """Standard error of a mean over all pairs i != j of n rows drawn independently.

    row_means: (n,), each row's mean over the others. The variance of a U-statistic of order two is
    2 / (n (n - 1)) * (2 (n - 2) zeta_1 + zeta_2), with zeta_1 the variance of the rows' expectations and
    zeta_2 = `pair_variance` that of single pairs (Hoeffding 1948, Annals of Mathematical Statistics 19). The
    rows' means vary by zeta_2 / (n - 1) more than their expectations, which is taken off.
    """
    n = len(row_means)
    if n < 3:
        return float("nan")
    noise = pair_variance / (n - 1)
    zeta_1 = max(0.0, float(row_means.var(ddof=1)) - noise)
    return float(np.sqrt(2 / (n * (n - 1)) * (2 * (n - 2) * zeta_1 + pair_variance)))
