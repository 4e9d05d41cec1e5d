"""How many candidates a sampler really draws from, and from how far up: effective sample size and shares of the top.

Uniform over K candidates it is K; all mass on one, it is 1. A sampler whose parameters do not fit the score
scale shows here first: near 1 it trains on the same negatives again and again, near K it is uniform.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..data.dataset import Labels
from ..rng import generator
from .base import Pool, QueryBatch, Sampler

QUERIES = 512
TOPS = (1, 10, 50)
"""The n for which it is said how many draws the n candidates ranked highest take."""
_CELLS = 200_000  # of rows as long as the corpus, which mixtures need


def effective_sample_sizes(
    sampler: Sampler, labels: Labels, n_docs: int, pools: Mapping[str, Pool], step: int
) -> np.ndarray:
    """(q,) of a fixed sample of training queries, trained towards their first label; queries without candidates left out.

    step: updates done, for samplers that change with it. At most QUERIES queries, fewer where the corpus is large.
    """
    sizes = sampler.effective_sizes(sample_batch(sampler, labels, n_docs, step), pools)
    return sizes[np.isfinite(sizes)]


def top_shares(
    sampler: Sampler, labels: Labels, n_docs: int, pools: Mapping[str, Pool], step: int
) -> dict[int, float]:
    """By n of TOPS, the share of single draws that takes one of the n candidates ranked highest; mean over the same sample.

    Empty where the sampler draws from no one ranking.
    """
    p = sampler.rank_probabilities(sample_batch(sampler, labels, n_docs, step), pools)
    if p is None:
        return {}
    p = p[p.sum(axis=1) > 0]
    return {n: float(p[:, :n].sum(axis=1).mean()) for n in TOPS} if len(p) else {}


def sample_batch(sampler: Sampler, labels: Labels, n_docs: int, step: int) -> QueryBatch:
    """The queries that the numbers here are over, each trained towards its first label."""
    limit = QUERIES if len(sampler.pools) == 1 else max(8, min(QUERIES, _CELLS // n_docs))
    rows = sample_queries(labels, limit)
    return QueryBatch(rows, labels.indptr[rows], labels, n_docs, step)


def sample_queries(labels: Labels, limit: int) -> np.ndarray:
    """At most `limit` positions of queries, the same ones every time."""
    return np.sort(generator(0, "effective sample size").permutation(len(labels.queries))[:limit])
