"""Random negatives: uniform over the corpus without the query's judged positives.

    p(d | q) = 1 / (|C| - |D+_q|)        for d not in D+_q

The baseline of every paper here (Rand Neg in ANCE, Table 1). Nothing is ranked, nothing goes stale; most
draws are so far from the query that their loss, hence their gradient, is near zero (ANCE Eq 12).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..data.dataset import Labels
from .base import Draw, Pool, QueryBatch, Sampler


def skip_excluded(index: np.ndarray, excluded: np.ndarray) -> np.ndarray:
    """The `index`-th integer (0-based) that is not in `excluded`, row by row.

    index: (B, n). excluded: (B, L) ascending, padded with a number no index reaches. L passes, no tables.
    """
    result = index.copy()
    for column in excluded.T:
        result += result >= column[:, None]
    return result


def distinct_indices(sizes: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """(B, n) different integers below `sizes` (B,), every ordered choice equally likely.

    Slot j picks among the sizes - j integers not yet taken, then skips those taken before it.
    """
    taken = np.empty((len(sizes), 0), np.int64)
    picks = []
    for j, u in enumerate(uniforms.T):
        pick = skip_excluded(np.floor(u * (sizes - j)).astype(np.int64)[:, None], taken)
        picks.append(pick)
        taken = np.sort(np.concatenate([taken, pick], axis=1), axis=1)
    return np.concatenate(picks, axis=1)


@dataclass(frozen=True)
class Uniform(Sampler):
    """Every document but the judged positives, with equal probability, without replacement."""

    name = "random"
    citation = "Xiong et al. 2021 (ANCE), Table 1, Rand Neg"
    formula = r"p(d \mid q) = 1 / (|C| - |D^+_q|)"

    def _sizes(self, batch: QueryBatch) -> np.ndarray:
        return np.asarray(batch.n_docs - (batch.judged < batch.n_docs).sum(axis=1))

    def draw(self, batch: QueryBatch, pools: Mapping[str, Pool], n: int, uniforms: np.ndarray) -> Draw:
        """See `Sampler.draw`; scores are nan and ranks -1, since nothing was ranked."""
        sizes = self._sizes(batch)
        docs = skip_excluded(distinct_indices(sizes, uniforms[:, :n]), batch.judged)
        return Draw.unranked(docs, np.repeat(1.0 / sizes[:, None], n, axis=1), "random")

    def probabilities(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B, n_docs), zero on judged positives."""
        p = np.repeat(1.0 / self._sizes(batch)[:, None], batch.n_docs + 1, axis=1)
        np.put_along_axis(p, batch.judged, 0.0, axis=1)
        return p[:, : batch.n_docs]

    def probability_of(self, batch: QueryBatch, pools: Mapping[str, Pool], docs: np.ndarray) -> np.ndarray:
        """(B, n) one over the sizes, zero for judged positives."""
        judged = (docs[:, :, None] == batch.judged[:, None, :]).any(axis=2)
        return np.where(judged, 0.0, 1.0 / self._sizes(batch)[:, None])

    def expected_draws(
        self, labels: Labels, n_docs: int, pools: Mapping[str, Pool], step: int = 0
    ) -> np.ndarray:
        """(n_docs,) in closed form: what all queries give to every document, less the judged ones' share."""
        indptr, docs = labels.excluded
        counts = np.diff(indptr)
        share = 1.0 / (n_docs - counts)
        return np.asarray(share.sum() - np.bincount(docs, weights=np.repeat(share, counts), minlength=n_docs))

    def mass(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B,) 1: there always is a document."""
        return np.ones(len(batch.rows))

    def capacity(self, labels: Labels, n_docs: int) -> np.ndarray:
        """(Q,) corpus size less the judged positives."""
        return n_docs - np.diff(labels.excluded[0])
