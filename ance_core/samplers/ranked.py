"""Sampling from a ranked pool with weights, without replacement, in log space.

    p(d_i | q) = w_i / sum_j w_j          over the K candidates of q's pool

Every pool-based method here is one choice of log w: zero for a uniform draw from the top K (ANCE, STAR's
static list, BM25 negatives). Draws use the Gumbel top-n trick (Vieira 2014; Kool et al. 2019): the n
largest of log w + Gumbel noise are a sample without replacement, in drawing order. Weights never leave
log space, so a score gap of a million neither overflows nor leaves every weight zero.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..data.dataset import Labels
from .base import Draw, Pool, QueryBatch, Sampler, effective_size

_CELLS = 500_000  # probabilities held at a time: 4 MB


def log_softmax(log_weights: np.ndarray) -> np.ndarray:
    """Row-wise log probabilities; rows of only -inf stay -inf."""
    top = log_weights.max(axis=1, keepdims=True)
    shifted = log_weights - np.where(np.isfinite(top), top, 0.0)
    mass = np.exp(shifted).sum(axis=1, keepdims=True)
    return shifted - np.log(np.where(mass > 0, mass, 1.0))


def gumbel_top(log_weights: np.ndarray, uniforms: np.ndarray, n: int) -> np.ndarray:
    """(B, n) different columns of (B, K) log weights, in drawing order; impossible ones (-inf) come last.

    Where n is more than K, the first column fills up the rest.
    """
    missing = max(0, n - log_weights.shape[1])
    if missing:
        return np.pad(gumbel_top(log_weights, uniforms, n - missing), ((0, 0), (0, missing)))
    keys = log_weights - np.log(-np.log(uniforms[:, : log_weights.shape[1]]))
    if n == 1:
        return keys.argmax(axis=1)[:, None]
    top = np.argpartition(-keys, n - 1, axis=1)[:, :n]
    order = np.argsort(-np.take_along_axis(keys, top, axis=1), axis=1)
    return np.take_along_axis(top, order, axis=1)


@dataclass(frozen=True)
class Ranked(Sampler):
    """Base of the samplers that weigh the candidates of one pool.

    pool: name of the pool. depth: its columns, which fixes how many uniforms a draw needs.
    """

    pool: str
    depth: int

    uneven = True

    @property
    def pools(self) -> tuple[str, ...]:
        """The one pool drawn from."""
        return (self.pool,)

    @abstractmethod
    def log_weights(self, pool: Pool, batch: QueryBatch) -> np.ndarray:
        """(B, K) unnormalised log weights of the candidates of the batch's queries, in rank order."""

    def uniforms_needed(self, n: int) -> int:
        """One for each candidate: the Gumbel noise."""
        return self.depth

    def _log_p(self, batch: QueryBatch, pool: Pool) -> np.ndarray:
        weights = self.log_weights(pool, batch)
        return log_softmax(np.where(pool.docs[batch.rows] >= 0, weights, -np.inf))

    def candidate_probabilities(self, batch: QueryBatch, pool: Pool) -> np.ndarray:
        """(B, K) of the candidates, in the order of the pool; zero past the end."""
        return np.exp(self._log_p(batch, pool))

    def draw(self, batch: QueryBatch, pools: Mapping[str, Pool], n: int, uniforms: np.ndarray) -> Draw:
        """See `Sampler.draw`."""
        pool = pools[self.pool]
        log_p = self._log_p(batch, pool)
        columns = gumbel_top(log_p, uniforms, n)
        rows = batch.rows[:, None]
        inside = np.arange(n) < log_p.shape[1]  # in a mixture n may be more than one component holds
        return Draw(
            docs=np.where(inside, pool.docs[rows, columns], -1),
            ranks=columns.astype(np.int32),
            scores=pool.scores[rows, columns],
            positive_scores=np.repeat(pool.label_scores[batch.label][:, None], n, axis=1),
            probability=np.exp(np.take_along_axis(log_p, columns, axis=1)),
            sources=pool.sources[rows, columns],
            index_step=np.repeat(pool.index_step[batch.rows][:, None], n, axis=1),
        )

    def probabilities(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B, n_docs), zero outside the pool."""
        pool = pools[self.pool]
        p = np.zeros((len(batch.rows), batch.n_docs + 1))
        np.put_along_axis(p, pool.docs[batch.rows].astype(np.int64), np.exp(self._log_p(batch, pool)), axis=1)
        return p[:, : batch.n_docs]  # -1, the padding, wrote into the extra column

    def probability_of(self, batch: QueryBatch, pools: Mapping[str, Pool], docs: np.ndarray) -> np.ndarray:
        """(B, n) found in the pool by comparison, never through a row as long as the corpus."""
        pool = pools[self.pool]
        same = docs[:, :, None] == pool.docs[batch.rows][:, None, :]  # (B, n, K)
        p = np.exp(self._log_p(batch, pool))
        return np.asarray((same * p[:, None, :]).sum(axis=2))

    def rank_probabilities(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B, K) of the pool's candidates."""
        return self.candidate_probabilities(batch, pools[self.pool])

    def probabilities_on(self, batch: QueryBatch, pools: Mapping[str, Pool], docs: np.ndarray) -> np.ndarray:
        """(B, U) of different `docs` (U,); cost grows with the pool and U, not with their product."""
        pool = pools[self.pool]
        place = np.full(batch.n_docs + 1, -1)  # the last cell is that of padding, which is -1
        place[docs] = np.arange(len(docs))
        place[-1] = -1
        at = place[pool.docs[batch.rows]]  # (B, K)
        p = np.zeros((len(at), len(docs)))
        row, column = np.nonzero(at >= 0)
        p[row, at[row, column]] = self.candidate_probabilities(batch, pool)[row, column]
        return p

    def expected_draws(
        self, labels: Labels, n_docs: int, pools: Mapping[str, Pool], step: int = 0
    ) -> np.ndarray:
        """(n_docs,), from candidates alone and once a pool."""
        pool = pools[self.pool]
        known = pool.memo.get(f"expected draws of {self!r}")
        if known is not None:
            return np.asarray(known)
        counts = np.diff(labels.indptr)
        owner = np.repeat(np.arange(len(counts)), counts)
        total = np.zeros(n_docs + 1)  # padding, -1, is counted in the last cell
        rows = max(1, _CELLS // max(1, pool.docs.shape[1]))
        for start in range(0, len(owner), rows):
            who = owner[start : start + rows]
            batch = QueryBatch(who, np.arange(start, start + len(who)), labels, n_docs, step)
            p = self.candidate_probabilities(batch, pool) / counts[who, None]
            docs = pool.docs[who].astype(np.int64) % (n_docs + 1)
            total += np.bincount(docs.ravel(), weights=p.ravel(), minlength=n_docs + 1)
        pool.memo[f"expected draws of {self!r}"] = total[:-1]
        return total[:-1]

    def mass(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B,) 1 where the pool has a candidate."""
        return (pools[self.pool].sizes[batch.rows] > 0).astype(np.float64)

    def effective_sizes(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B,) from the pool's candidates alone."""
        return effective_size(np.exp(self._log_p(batch, pools[self.pool])))

    def capacity(self, labels: Labels, n_docs: int) -> np.ndarray:
        """(Q,) the pool's depth, or what is left of a small corpus without the judged positives."""
        return np.minimum(self.depth, n_docs - np.diff(labels.excluded[0]))

    def support(self, labels: Labels, n_docs: int, pools: Mapping[str, Pool]) -> np.ndarray:
        """(Q,) candidates in the pool."""
        return pools[self.pool].sizes


@dataclass(frozen=True)
class UniformTop(Ranked):
    """Uniform over the `top` best candidates of the pool, none beyond: the plain control beside weighted draws.

    With as many negatives as `top`, all of them are drawn at every step: "the n that rank highest".
    """

    top: int = 20

    name = "uniform-top"
    citation = "the controls beside SimANS (Zhou et al. 2022, Table 6, top-k)"
    formula = r"p(d \mid q) = 1/m \quad \text{for } d \in \mathrm{top}_m(q) \setminus D^+_q"

    def log_weights(self, pool: Pool, batch: QueryBatch) -> np.ndarray:
        """Zero down to rank `top`, minus infinity below it."""
        beyond = np.arange(pool.docs.shape[1]) >= self.top
        return np.tile(np.where(beyond, -np.inf, 0.0), (len(batch.rows), 1))

    def draw(self, batch: QueryBatch, pools: Mapping[str, Pool], n: int, uniforms: np.ndarray) -> Draw:
        """See `Sampler.draw`; a slot is empty where fewer candidates than n are left."""
        drawn = super().draw(batch, pools, n, uniforms)
        return replace(drawn, docs=np.where(drawn.probability > 0, drawn.docs, -1))

    def capacity(self, labels: Labels, n_docs: int) -> np.ndarray:
        """(Q,) `top`, or what is left of a small pool or corpus."""
        return np.minimum(self.top, super().capacity(labels, n_docs))

    def support(self, labels: Labels, n_docs: int, pools: Mapping[str, Pool]) -> np.ndarray:
        """(Q,) candidates in the pool down to rank `top`."""
        return np.minimum(self.top, super().support(labels, n_docs, pools))


@dataclass(frozen=True)
class TopK(Ranked):
    """Uniform over the pool: ANCE's draw from its top 200, STAR's from its static list, BM25 negatives.

    Xiong et al. 2021, Eq 13 and section 4; the authors' code shuffles the whole list and takes the first n
    (drivers/run_ann_data_gen.py:339-396), which is the same distribution.
    """

    name = "top-k"
    citation = "Xiong et al. 2021 (ANCE), Eq 13"
    uneven = False
    formula = r"p(d \mid q) = 1/K \quad \text{for } d \in \mathrm{top}_K(q) \setminus D^+_q"

    def log_weights(self, pool: Pool, batch: QueryBatch) -> np.ndarray:
        """Zero for every candidate."""
        return np.zeros((len(batch.rows), pool.docs.shape[1]))
