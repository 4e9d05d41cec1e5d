"""The oracle: negatives in proportion to the gradient they cause, the distribution of least variance.

    p*(d | q) ∝ || dl(d+, d) / d(q, d+, d) ||_2 = w scale sqrt(|d+ - d|^2 + 2 |q|^2),    w = sigma(s(q, d) - s(q, d+))

Xiong et al. 2021 (ANCE), Eq 10: of all samplers, this one makes the trace of the variance of the importance-weighted
gradient 1 / (N p) dl smallest; a norm, not its square (p ∝ norm^2 is no better than uniform). The norm is that at the
output embeddings, in closed form, for pairwise NLL; Eq 11 of the paper bounds the full gradient by such a norm.

It is exact at the moment of mining and grows old with the pool. A query with several labels gets the root of the mean
square over them, which is the best single p when the label is drawn. `floor` mixes in a uniform share, so that no
importance weight is above 1 / floor (a defensive mixture, Hesterberg 1995): with stale norms they are not bounded else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.dataset import Labels
from .base import Pool, QueryBatch
from .ranked import Ranked, log_softmax

_CELLS = 2_000_000  # numbers gathered at a time: 8 MB


def log_gradient_norms(
    queries: np.ndarray, docs: np.ndarray, pool: Pool, labels: Labels, scale: float
) -> np.ndarray:
    """(Q, K) float32 log of the norm above for every candidate of the pool, -inf past the end.

    queries: (Q, D) embeddings in the order of the pool. docs: (N, D). labels: of the pool's queries.
    """
    result = np.full(pool.docs.shape, -np.inf, np.float32)
    rows = max(1, _CELLS // max(1, pool.docs.shape[1] * docs.shape[1]))
    for start in range(0, len(queries), rows):
        stop = min(start + rows, len(queries))
        result[start:stop] = _block(queries, docs, pool, labels, scale, start, stop)
    result[pool.docs < 0] = -np.inf
    return result


def _block(
    queries: np.ndarray, docs: np.ndarray, pool: Pool, labels: Labels, scale: float, start: int, stop: int
) -> np.ndarray:
    first, last = labels.indptr[start], labels.indptr[stop]
    owner = np.repeat(np.arange(stop - start), np.diff(labels.indptr[start : stop + 1]))  # (m,) of each label
    candidates = docs[np.maximum(pool.docs[start:stop], 0)]  # (b, K, D)
    positives = docs[labels.docs[first:last]]  # (m, D)
    inner = np.matmul(candidates[owner], positives[:, :, None])[:, :, 0].astype(np.float64)  # (m, K)
    squares = (
        np.einsum("bkd,bkd->bk", candidates, candidates)[owner] + np.square(positives).sum(axis=1)[:, None]
    )
    distance = (
        np.maximum(squares - 2 * inner, 0.0) + 2 * np.square(queries[start:stop]).sum(axis=1)[owner, None]
    )
    gap = pool.label_scores[first:last, None].astype(np.float64) - pool.scores[start:stop][owner]  # s+ - s
    gap[pool.docs[start:stop][owner] < 0] = 0.0
    square = 2 * (np.log(scale) - np.logaddexp(0.0, gap)) + np.log(np.maximum(distance, 1e-300))
    total = np.logaddexp.reduceat(square, labels.indptr[start:stop] - first, axis=0)
    return 0.5 * (total - np.log(np.diff(labels.indptr[start : stop + 1]))[:, None])


@dataclass(frozen=True)
class GradientNorm(Ranked):
    """floor: share of the draws that are uniform over the pool; 0 is Eq 10 itself."""

    floor: float = 0.0

    name = "gradient-norm"
    citation = "Xiong et al. 2021 (ANCE), Eq 10"
    formula = r"p(d \mid q) \propto \lVert \nabla_{(q, d^+, d)}\, \ell(d^+, d) \rVert_2"

    def log_weights(self, pool: Pool, batch: QueryBatch) -> np.ndarray:
        """The pool's log norms, mixed with the uniform share; they are there because the recipe asks for them."""
        assert pool.log_weights is not None
        weights = pool.log_weights[batch.rows].astype(np.float64)
        if not self.floor:
            return weights
        sizes = np.maximum(pool.sizes[batch.rows], 1)[:, None]
        with np.errstate(divide="ignore"):
            return np.logaddexp(np.log1p(-self.floor) + log_softmax(weights), np.log(self.floor / sizes))
