"""Ambiguous negatives: candidates that score about as high as the positive are drawn most (SimANS).

    p(d_i | q) ∝ exp(-a (s(q, d_i) - s(q, d+) - b)^2)          over the top k of q's pool

Zhou et al. 2022 (SimANS), Eq 4. A Gaussian over scores, centred b above the positive, with standard deviation
1 / sqrt(2 a): candidates far above it are likely unjudged positives, those far below teach nothing. Published
(appendix D): a = .5, b = 0 on MS MARCO and TriviaQA, b = 1 on Natural Questions, k = 100, 15 negatives a query.

a has the unit 1 / score^2, so .5 means one score unit and fits only encoders whose scores vary by about that.
Scores here are inner products times the encoder's scale (1 / temperature). Without `a`, it is suggested from
the pool: see `suggested_a`.

The authors' code (microsoft/SimXNS 0163380, folder SimANS) differs. It adds b where the paper subtracts it
(MARCO_until_Doc.py:131, util_wiki.py:624): `sign` +1. For passages it draws by exp(-3 |s - s+|), without a and b
(MARCO_until_new.py:136,186): `form` laplace. It computes weights outside log space, where they become 0 at a
gap of 39 and stop the run; and it keeps the first members of a Python set, so that document ids decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..data.dataset import Labels
from .base import Pool, QueryBatch
from .ranked import Ranked

SPREAD = 4.0
"""a = SPREAD / mean square gap: the Gaussian's standard deviation is then .35 of the root mean square gap."""


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


def suggested_a(pool: Pool, labels: Labels) -> float:
    """SPREAD / mean square gap of this pool, computed once a pool; 1 where there is no gap at all.

    The mean square, and not the variance: once training has lifted the positives above their pools, all gaps
    are large and alike, and a Gaussian as narrow as their spread would draw the first candidate only. With 4,
    the effective sample size stays between a quarter and a half of the pool on the collections tried, and a
    comes out near the published .5 where positives and candidates still mix.
    """
    if "suggested_a" not in pool.memo:
        square = mean_square_gap(pool, labels)
        pool.memo["suggested_a"] = SPREAD / square if square > 0 else 1.0
    return pool.memo["suggested_a"]


@dataclass(frozen=True)
class Ambiguous(Ranked):
    """a: sharpness, 1 / score^2; None: suggested from the pool. b: the peak, in score units from the positive.

    sign: -1 as in the paper, +1 as in the authors' code (the peak is then at -b). form: `gaussian`, or `laplace`,
    exp(-tau |s - s+ + sign b|), whose tau has the unit 1 / score and whose a is not used.
    """

    a: float | None = None
    b: float = 0.0
    form: Literal["gaussian", "laplace"] = "gaussian"
    tau: float = 3.0
    sign: Literal[-1, 1] = -1

    name = "ambiguous"
    citation = "Zhou et al. 2022 (SimANS), Eq 4"
    formula = r"p(d \mid q) \propto e^{-a\,(s(q,d) - s(q,d^+) - b)^2}"

    def sharpness(self, pool: Pool, labels: Labels) -> float:
        """The a in force with this pool."""
        return suggested_a(pool, labels) if self.a is None else self.a

    def log_weights(self, pool: Pool, batch: QueryBatch) -> np.ndarray:
        """(B, K), at most 0. A query whose label has no score (BM25 did not return it) draws uniformly."""
        scores = pool.scores[batch.rows].astype(np.float64)
        positive = pool.label_scores[batch.label].astype(np.float64)[:, None]
        usable = np.isfinite(scores) & np.isfinite(positive)
        peak = positive - self.sign * self.b
        distance = np.abs(np.subtract(scores, peak, where=usable, out=np.zeros_like(scores)))
        steepness, cost = self.tau, distance
        if self.form == "gaussian":
            steepness, cost = self.sharpness(pool, batch.labels), np.square(distance)
        # from the nearest candidate, so that even an absurd steepness leaves one with weight 1
        nearest = np.min(cost, axis=1, keepdims=True, where=usable, initial=np.inf)
        excess = np.subtract(cost, nearest, where=usable, out=np.zeros_like(cost))
        with np.errstate(over="ignore"):
            return -steepness * excess

    def notes(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> str:
        """The parameters that these pools lead to."""
        if self.form == "laplace":
            return f"Laplace, tau = {self.tau:.4g} / score, peak at s+ {-self.sign * self.b:+.4g}"
        origin = "suggested from the score gaps" if self.a is None else "as set"
        a = self.sharpness(pools[self.pool], batch.labels)
        return f"a = {a:.4g} / score^2 ({origin}), peak at s+ {-self.sign * self.b:+.4g}"
