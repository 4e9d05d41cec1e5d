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

_CELLS = 500_000  # numbers gathered at a time: 2 MB


def log_gradient_norms(
    queries: np.ndarray, docs: np.ndarray, pool: Pool, labels: Labels, scale: float
) -> np.ndarray:
    """(Q, K) float32 log of the norm above for every candidate of the pool, -inf past the end.

    queries: (Q, D) embeddings in the order of the pool. docs: (N, D). labels: of the pool's queries.
    """
    lengths = np.einsum("nd,nd->n", docs, docs)  # (N,) squared
    both = 2 * np.einsum("qd,qd->q", queries, queries)
    owner = np.repeat(np.arange(len(queries)), np.diff(labels.indptr))  # (M,) the query of each label
    square = np.empty((len(owner), pool.docs.shape[1]))
    rows = max(1, _CELLS // max(1, pool.docs.shape[1] * docs.shape[1]))
    for start in range(0, len(owner), rows):
        part = slice(start, start + rows)
        who = owner[part]
        candidates = np.maximum(pool.docs[who], 0)  # (m, K)
        inner = np.matmul(docs[candidates], docs[labels.docs[part], :, None])[:, :, 0]
        distance = lengths[candidates] + lengths[labels.docs[part], None] - 2 * inner
        pull = _log_sigmoid(pool.scores[who], pool.label_scores[part, None])
        size = np.maximum(distance, 0) + both[who, None]
        square[part] = 2 * pull + np.log(np.maximum(size, 1e-30))
    total = np.logaddexp.reduceat(square, labels.indptr[:-1], axis=0)
    norms = np.log(scale) + 0.5 * (total - np.log(np.diff(labels.indptr))[:, None])
    return np.where(pool.docs >= 0, norms, -np.inf).astype(np.float32)


def _log_sigmoid(negative: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """log sigma(s - s+) without overflow; 0 where a score is missing."""
    gap = np.subtract(negative, positive, dtype=np.float64)
    gap[~np.isfinite(gap)] = 0.0
    return np.minimum(gap, 0.0) - np.log1p(np.exp(-np.abs(gap)))


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
