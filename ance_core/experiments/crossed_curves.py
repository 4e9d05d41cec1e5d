"""`crossed_mean` of many tables at once: a curve has one at every evaluation, and arms have one for every pair."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit


class CrossedMeans(NamedTuple):
    """By table, (T,) each: the mean, the ends of its interval, and p of a mean of 0 (NaN where nothing varies)."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray


def crossed_means(values: np.ndarray, confidence: float = 0.95) -> CrossedMeans:
    """`crossed_mean` of each of the T tables in `values` (T, S, Q): seeds by queries.

    With one seed the interval is over queries alone. ValueError for fewer than two queries.

    >>> crossed_means(np.array([[[0.0, 0.2, 0.1], [0.1, 0.3, 0.2]]])).mean.round(3).tolist()
    [0.15]
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 3 or values.shape[2] < 2:
        raise ValueError(
            f"values: shape {values.shape}; (tables, seeds, queries) with two queries or more are needed"
        )
    _, seeds, queries = values.shape
    mean = values.mean(axis=(1, 2))
    by_seed, by_query = values.mean(axis=2), values.mean(axis=1)  # (T, S), (T, Q)
    vq = by_query.var(axis=1, ddof=1) / queries
    if seeds == 1:
        variance, freedom = vq, np.full(len(mean), queries - 1.0)
    else:
        vs = by_seed.var(axis=1, ddof=1) / seeds
        rest = values - by_seed[:, :, None] - by_query[:, None, :] + mean[:, None, None]
        ve = (rest**2).sum(axis=(1, 2)) / ((seeds - 1) * (queries - 1)) / (seeds * queries)
        variance = np.maximum(vs + vq - ve, np.maximum(vs, vq))
        below = vs**2 / (seeds - 1) + vq**2 / (queries - 1)
        freedom = np.divide(variance**2, below, out=np.full(len(mean), queries - 1.0), where=below > 0)
    error = np.sqrt(variance)
    half = stdtrit(freedom, (1 + confidence) / 2) * error
    ratio = np.divide(np.abs(mean), error, out=np.full(len(mean), np.nan), where=error > 0)
    return CrossedMeans(mean, mean - half, mean + half, 2 * stdtr(freedom, -ratio))
