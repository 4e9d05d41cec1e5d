"""The mean of paired differences over seeds and queries, with an interval that has both in it: crossed-variance t.

Differences x[s, q] of two methods vary from seed to seed and from query to query. With Vs = var(seed means) / S,
Vq = var(query means) / Q and Ve = residual mean square / (S Q), the variance of the grand mean is estimated by
V = max(Vs + Vq - Ve, Vs, Vq) (two-way variance: Cameron, Gelbach and Miller 2011; Owen 2007), and referred to a t
distribution with V^2 / (Vs^2 / (S - 1) + Vq^2 / (Q - 1)) degrees of freedom (Satterthwaite). Flipping signs over
queries alone speaks of these seeds only. With one seed only Vq can be estimated, and so it is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student


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
        return "this seed only" if self.seeds == 1 else "seeds and queries"


def crossed_mean(values: np.ndarray, confidence: float = 0.95) -> CrossedMean:
    """The mean of `values` (S, Q), one row a seed, with its interval and p.

    ValueError for fewer than two queries, or values that are not finite.

    >>> found = crossed_mean(np.array([[0.0, 0.2, 0.1], [0.1, 0.3, 0.2]]))
    >>> round(found.mean, 3), found.low < 0 < found.high
    (0.15, True)
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise ValueError(
            f"values: shape {values.shape}; (seeds, queries) with two queries or more are needed"
        )
    if not np.isfinite(values).all():
        raise ValueError("values: not all are finite")
    seeds, queries = values.shape
    mean = float(values.mean())
    by_seed, by_query = values.mean(axis=1), values.mean(axis=0)
    vq = float(by_query.var(ddof=1)) / queries
    if seeds == 1:
        variance, freedom = vq, float(queries - 1)
    else:
        vs = float(by_seed.var(ddof=1)) / seeds
        rest = values - by_seed[:, None] - by_query[None, :] + mean
        ve = float((rest**2).sum()) / ((seeds - 1) * (queries - 1)) / values.size
        variance = max(vs + vq - ve, vs, vq)
        below = vs**2 / (seeds - 1) + vq**2 / (queries - 1)
        freedom = variance**2 / below if below else float(queries - 1)
    if variance == 0:
        return CrossedMean(mean, mean, mean, float("nan"), seeds, queries)
    half = float(student.ppf((1 + confidence) / 2, freedom)) * variance**0.5
    p = 2 * float(student.sf(abs(mean) / variance**0.5, freedom))
    return CrossedMean(mean, mean - half, mean + half, p, seeds, queries)
