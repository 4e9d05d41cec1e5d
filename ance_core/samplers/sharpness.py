"""How sharply SimANS draws where nobody says: a for each query by an effective sample size, or one a for all.

    a_q:  1 / sum_i p_i^2 = K / 3,  p_i ∝ exp(-a_q x_i),   x_i = (s_i - s+ - b)^2 - min_j (s_j - s+ - b)^2 >= 0

K candidates of the query, at least 2 of them effective. Each query then draws from an equally large part of its pool,
the part around its own positive, wherever that ranks and however far its scores lie apart: what t-SNE does with
perplexity (van der Maaten and Hinton 2008). The effective sample size falls as a grows, since

    d log ESS / da = 2 (E_2a[x] - E_a[x]) <= 0           E_a: mean under the weights exp(-a x)

so there is one solution, found by Newton's steps within a bracket. A third is what the rule for all keeps of scores
that lie evenly, with the positive in their middle or at their upper end: its Gaussian has a standard deviation of .35
root mean square gaps, and sqrt(pi / 24) = .36 of the candidates is then effective.
"""

from __future__ import annotations

import numpy as np

from ..data.dataset import Labels
from .base import Pool

SHARE, LEAST = 1 / 3, 2.0
"""Effective sample size of a query's draws: this share of its candidates, and never fewer than this many."""
SPREAD = 4.0
"""One a for all = SPREAD / mean square gap: the Gaussian's standard deviation is .35 of the root mean square gap."""
_STEPS, _TOLERANCE = 80, 1e-6  # of log ESS; bisection alone needs 30
_NOTHING = 50.0  # exp(-50) is no weight


def one_for_each(excess: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """(B,) a of each query; 0 where that cannot matter: all costs equal, or too few candidates to choose among.

    excess: (B, K) float64 costs above the nearest candidate's, 0 where not `usable` (B, K). Where more candidates than
    the target share the nearest score, a is so large that only these are drawn. A row depends on no other.
    """
    count = usable.sum(axis=1)
    target = np.maximum(count * SHARE, LEAST)
    largest = excess.max(axis=1)
    ordered = np.sort(np.where(usable, excess, np.inf), axis=1)
    past = np.take_along_axis(ordered, np.minimum(target, count - 1).astype(int)[:, None].clip(0), axis=1)[
        :, 0
    ]
    least = np.min(excess, axis=1, where=usable & (excess > 0), initial=np.inf)
    past = np.where(past > 0, past, least)  # ties reach beyond the target
    matters = (target < 0.99 * count) & (largest > 0)

    a = np.zeros(len(excess))
    rows = np.flatnonzero(matters)
    low, high = np.log(1e-3 / largest[rows]), np.log(_NOTHING / past[rows])
    now = np.log(1 / past[rows])
    wanted = np.log(target[rows])
    for _ in range(_STEPS):
        if not len(rows):
            break
        size, slope = _log_size(np.exp(now), excess[rows], usable[rows])
        a[rows] = np.exp(now)
        over = size - wanted
        low, high = np.where(over > 0, now, low), np.where(over > 0, high, now)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = now - over / slope
        now = np.where((step > low) & (step < high), step, (low + high) / 2)
        left = (np.abs(over) > _TOLERANCE) & (high - low > _TOLERANCE)
        rows, low, high, now, wanted = rows[left], low[left], high[left], now[left], wanted[left]
    return a


def _log_size(a: np.ndarray, excess: np.ndarray, usable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(m,) log effective sample size at a (m,), and its derivative by log a."""
    scaled = a[:, None] * excess
    once = np.where(usable, np.exp(-scaled), 0.0)
    twice = np.square(once)
    first, second = once.sum(axis=1), twice.sum(axis=1)
    slope = 2 * ((twice * scaled).sum(axis=1) / second - (once * scaled).sum(axis=1) / first)
    return 2 * np.log(first) - np.log(second), slope


def one_for_all(pool: Pool, labels: Labels) -> float:
    """SPREAD / mean square gap of this pool, computed once a pool; 1 where there is no gap at all.

    The mean square, and not the variance: once training has lifted the positives above their pools, all gaps
    are large and alike, and a Gaussian as narrow as their spread would draw the first candidate only.
    """
    if "one_a" not in pool.memo:
        square = mean_square_gap(pool, labels)
        pool.memo["one_a"] = SPREAD / square if square > 0 else 1.0
    return pool.memo["one_a"]


def mean_square_gap(pool: Pool, labels: Labels) -> float:
    """Mean of (s - s+)^2 over all candidates of the pool; s+ the mean score of the query's labels.

    Queries whose labels have no score are left out; 0 where nothing is left, or where all scores are equal.
    """
    owner = np.repeat(np.arange(len(labels.queries)), np.diff(labels.indptr))
    known = np.isfinite(pool.label_scores)
    total = np.bincount(owner[known], pool.label_scores[known].astype(np.float64), len(labels.queries))
    count = np.bincount(owner[known], minlength=len(labels.queries))
    positive = total / np.maximum(count, 1)
    counted = (pool.docs >= 0) & (count > 0)[:, None]
    gap = np.subtract(pool.scores, positive[:, None], where=counted, out=np.zeros(pool.docs.shape))
    return float(np.square(gap).sum() / max(int(counted.sum()), 1))
