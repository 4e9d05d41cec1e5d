"""Ambiguous negatives: candidates that score about as high as the positive are drawn most (SimANS).

    p(d_i | q) ∝ exp(-a (s(q, d_i) - s(q, d+) - b)^2)          over the top k of q's pool

Zhou et al. 2022 (SimANS), Eq 4. A Gaussian over scores, centred b above the positive, with standard deviation
1 / sqrt(2 a): candidates far above it are likely unjudged positives, those far below teach nothing. Published
(appendix D): a = .5, b = 0 on MS MARCO and TriviaQA, b = 1 on Natural Questions, k = 100, 15 negatives a query.

a has the unit 1 / score^2, so .5 means one score unit and fits only encoders whose scores vary by about that.
Scores here are inner products times the encoder's scale (1 / temperature). Without `a` each query gets its own, that
with which it draws from an effective third of its candidates: see `samplers.sharpness`. One a for all queries, as the
paper has it, is sharpest for those whose positive stands above the pool already, since all their gaps are large, and
nearly flat where the positive stands among its candidates; `rule` pool suggests such a one.

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

from .base import Pool, QueryBatch
from .ranked import Ranked
from .sharpness import one_for_all, one_for_each


@dataclass(frozen=True)
class Ambiguous(Ranked):
    """a: sharpness, 1 / score^2; None: suggested. b: the peak, in score units from the positive.

    rule: how a is suggested, for each `query` from its own candidates, or once for the whole `pool`. sign: -1 as in the
    paper, +1 as in the authors' code (the peak is then at -b). form: `gaussian`, or `laplace`,
    exp(-tau |s - s+ + sign b|), whose tau has the unit 1 / score and whose a is not used.
    """

    a: float | None = None
    b: float = 0.0
    form: Literal["gaussian", "laplace"] = "gaussian"
    tau: float = 3.0
    sign: Literal[-1, 1] = -1
    rule: Literal["query", "pool"] = "query"

    name = "ambiguous"
    citation = "Zhou et al. 2022 (SimANS), Eq 4"
    formula = r"p(d \mid q) \propto e^{-a_q\,(s(q,d) - s(q,d^+) - b)^2}"

    def sharpness(self, pool: Pool, batch: QueryBatch) -> np.ndarray:
        """(B,) the a in force for each query of the batch, trained towards the label it is."""
        return self._sharpness(pool, batch, *self._excess(pool, batch))

    def _sharpness(self, pool: Pool, batch: QueryBatch, excess: np.ndarray, usable: np.ndarray) -> np.ndarray:
        if self.a is not None:
            return np.full(len(batch.rows), self.a)
        if self.rule == "pool":
            return np.full(len(batch.rows), one_for_all(pool, batch.labels))
        return one_for_each(excess, usable)

    def log_weights(self, pool: Pool, batch: QueryBatch) -> np.ndarray:
        """(B, K), at most 0. A query whose label has no score (BM25 did not return it) draws uniformly.

        A candidate without a finite score is infinitely far from the positive.
        """
        excess, usable = self._excess(pool, batch)
        if self.form == "gaussian":
            steepness = self._sharpness(pool, batch, excess, usable)[:, None]
        else:
            steepness = np.full((len(batch.rows), 1), self.tau)
        with np.errstate(over="ignore"):
            weights = -steepness * excess
        return np.where(usable | ~usable.any(axis=1, keepdims=True), weights, -np.inf)

    def _excess(self, pool: Pool, batch: QueryBatch) -> tuple[np.ndarray, np.ndarray]:
        """(B, K) cost of each candidate above that of the nearest one, which so always has weight 1; and which have any.

        A cost is the distance from the peak, squared where the form is Gaussian; 0 where a score is missing.
        """
        scores = pool.scores[batch.rows].astype(np.float64)
        positive = pool.label_scores[batch.label].astype(np.float64)[:, None]
        usable = (pool.docs[batch.rows] >= 0) & np.isfinite(scores) & np.isfinite(positive)
        peak = positive - self.sign * self.b
        cost = np.abs(np.subtract(scores, peak, where=usable, out=np.zeros_like(scores)))
        if self.form == "gaussian":
            cost = np.square(cost)
        nearest = np.min(cost, axis=1, keepdims=True, where=usable, initial=np.inf)
        return np.subtract(cost, nearest, where=usable, out=np.zeros_like(cost)), usable

    def notes(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> str:
        """The parameters that these pools lead to; of an a for each query, the median and the middle nine tenths."""
        peak = f"peak at s+ {-self.sign * self.b:+.4g}"
        if self.form == "laplace":
            return f"Laplace, tau = {self.tau:.4g} / score, {peak}"
        found = self.sharpness(pools[self.pool], batch)
        if self.a is not None:
            return f"a = {self.a:.4g} / score^2 (as set), {peak}"
        if self.rule == "pool":
            return f"a = {found[0]:.4g} / score^2 (one for all, suggested from the score gaps), {peak}"
        low, middle, high = np.quantile(found, (0.05, 0.5, 0.95))
        return (
            f"a = {middle:.4g} / score^2 (median; suggested for each query, {low:.4g} to {high:.4g}), {peak}"
        )
