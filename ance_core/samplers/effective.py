"""How many candidates a sampler really draws from: the effective sample size of its distribution, over queries.

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
_CELLS = 200_000  # of rows as long as the corpus, which mixtures need


def effective_sample_sizes(
    sampler: Sampler, labels: Labels, n_docs: int, pools: Mapping[str, Pool], step: int
) -> np.ndarray:
    """(q,) of a fixed sample of training queries, trained towards their first label; queries without candidates left out.

    step: updates done, for samplers that change with it. At most QUERIES queries, fewer where the corpus is large.
    """
    limit = QUERIES if len(sampler.pools) == 1 else max(8, min(QUERIES, _CELLS // n_docs))
    rows = sample_queries(labels, limit)
    sizes = sampler.effective_sizes(QueryBatch(rows, labels.indptr[rows], labels, n_docs, step), pools)
    return sizes[np.isfinite(sizes)]


def sample_queries(labels: Labels, limit: int) -> np.ndarray:
    """At most `limit` positions of queries, the same ones every time."""
    return np.sort(generator(0, "effective sample size").permutation(len(labels.queries))[:limit])
