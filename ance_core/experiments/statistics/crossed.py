"""The mean of paired differences over seeds and queries, with an interval that has both in it: crossed-variance t.

Differences x[s, q] of two methods vary from seed to seed and from query to query. With Vs = var(seed means) / S,
Vq = var(query means) / Q and Ve = residual mean square / (S Q), the variance of the grand mean is estimated by
V = max(Vs + Vq - Ve, Vs, Vq) (two-way variance: Cameron, Gelbach and Miller 2011; Owen 2007), and referred to a t
distribution with V^2 / (Vs^2 / (S - 1) + Vq^2 / (Q - 1)) degrees of freedom (Satterthwaite). Flipping signs over
queries alone speaks of these seeds only. With one seed only Vq can be estimated, and so it is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit  # scipy.stats takes a second to import

_ROUNDING = 1e-12  # of the largest difference: standard errors below it are of rounding


class Components(NamedTuple):
    """What the variance of a grand mean is made of, as arrays of one shape (...): a number each for one table.

    seeds: Vs, queries: Vq, rest: Ve of the module's docstring. With one seed Vs and Ve are 0.
    """

    seeds: np.ndarray
    queries: np.ndarray
    rest: np.ndarray


class CrossedMeans(NamedTuple):
    """By table, (...) each: the mean, the ends of its interval, and p of a mean of 0 (NaN where nothing varies)."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray


@dataclass(frozen=True)
class CrossedMean:
    """The mean over seeds and queries. low, high: its interval. p: two-sided, of a mean of 0; NaN where nothing varies."""

    mean: float
    low: float
    high: float
    p: float
    seeds: int
    queries: int

    @property
    def scope(self) -> str:
        """What the interval speaks of.

        >>> crossed_mean(np.zeros((1, 4))).scope
        'this seed only'
        """
        return scope_of(self.seeds)


def scope_of(seeds: int) -> str:
    """What an interval over so many seeds speaks of."""
    return "this seed only" if seeds == 1 else "seeds and queries"


def crossed_mean(values: np.ndarray, confidence: float = 0.95) -> CrossedMean:
    """The mean of `values` (S, Q), one row a seed, with its interval and p.

    ValueError for fewer than two queries, or values that are not finite.

    >>> found = crossed_mean(np.array([[0.0, 0.2, 0.1], [0.1, 0.3, 0.2]]))
    >>> round(found.mean, 3), found.low < 0 < found.high
    (0.15, True)
    """
    values = _checked(values)
    if values.ndim != 2:
        raise ValueError(f"values: shape {values.shape}; one table (seeds, queries) is needed")
    found = crossed_means(values, confidence)
    return CrossedMean(float(found.mean), float(found.low), float(found.high), float(found.p), *values.shape)


def crossed_means(values: np.ndarray, confidence: float = 0.95) -> CrossedMeans:
    """`crossed_mean` of many tables at once: `values` (..., S, Q) gives arrays (...).

    ValueError for fewer than two queries, or values that are not finite.

    >>> crossed_means(np.array([[[0.0, 0.2, 0.1], [0.1, 0.3, 0.2]]])).mean.round(3).tolist()
    [0.15]
    """
    values = _checked(values)
    mean = values.mean(axis=(-2, -1))
    error, freedom = standard_error(components(values), *values.shape[-2:])
    return CrossedMeans(mean, *interval(mean, error, freedom, confidence), p_of(mean, error, freedom))


def components(values: np.ndarray) -> Components:
    """The parts of the variance of the mean of each table in `values` (..., S, Q)."""
    values = _checked(values)
    seeds, queries = values.shape[-2:]
    largest = np.abs(values).max(axis=(-2, -1))
    centred = values - values.mean(axis=(-2, -1), keepdims=True)
    by_seed, by_query = centred.mean(axis=-1), centred.mean(axis=-2)  # (..., S), (..., Q)
    of_queries = (by_query**2).sum(axis=-1) / (queries - 1) / queries
    nothing = np.zeros_like(of_queries)
    if seeds == 1:
        parts = Components(nothing, of_queries, nothing)
    else:
        of_seeds = (by_seed**2).sum(axis=-1) / (seeds - 1) / seeds
        centred -= by_seed[..., :, None]
        centred -= by_query[..., None, :]
        rest = np.einsum("...sq,...sq->...", centred, centred) / ((seeds - 1) * (queries - 1))
        parts = Components(of_seeds, of_queries, rest / (seeds * queries))
    return Components(*(np.where(part > (_ROUNDING * largest) ** 2, part, 0.0) for part in parts))


def standard_error(parts: Components, seeds: int | np.ndarray, queries: int) -> tuple[np.ndarray, np.ndarray]:
    """Standard error of the mean and its degrees of freedom, from the parts of its variance."""
    variance = np.maximum(parts.seeds + parts.queries - parts.rest, np.maximum(parts.seeds, parts.queries))
    below = parts.seeds**2 / np.maximum(np.asarray(seeds) - 1, 1) + parts.queries**2 / (queries - 1)
    freedom = np.full(variance.shape, queries - 1.0)
    np.divide(variance**2, below, out=freedom, where=below > 0)
    return np.sqrt(variance), freedom


def interval(
    mean: np.ndarray, error: np.ndarray, freedom: np.ndarray, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of the interval of a mean with this standard error."""
    half = stdtrit(freedom, (1 + confidence) / 2) * error
    return mean - half, mean + half


def p_of(mean: np.ndarray, error: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Two-sided p of a mean of 0; NaN where the standard error is 0."""
    ratio = np.divide(np.abs(mean), error, out=np.full(np.shape(mean), np.nan), where=np.asarray(error) > 0)
    return 2 * stdtr(freedom, -ratio)


def half_width(values: np.ndarray, confidence: float = 0.95) -> np.ndarray:
    """Half the t-interval of the mean over the last axis of `values` (..., S), of numbers of which a run has but one.

    ValueError for fewer than two. Where queries are known, `crossed_means` says more.

    >>> float(half_width(np.array([1.0, 2.0, 3.0])).round(4))
    2.4841
    """
    n = np.shape(values)[-1]
    if n < 2:
        raise ValueError(f"values: {n} a mean; two or more are needed")
    return np.asarray(stdtrit(n - 1, (1 + confidence) / 2) * np.std(values, axis=-1, ddof=1) / np.sqrt(n))


def _checked(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim < 2 or values.shape[-1] < 2:
        raise ValueError(
            f"values: shape {values.shape}; (seeds, queries) with two queries or more are needed"
        )
    if not np.isfinite(values).all():
        raise ValueError("values: not all are finite")
    return values
