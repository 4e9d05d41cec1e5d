"""Small labels and pools, and one of every sampler: what the generic audit goes over."""

import numpy as np

from ance_core.data import Labels, Qrels
from ance_core.samplers import (
    Ambiguous,
    Borrowed,
    Curriculum,
    GradientNorm,
    InBatch,
    Mixture,
    Pool,
    Sampler,
    TopK,
    Uniform,
    UniformTop,
    Weighted,
    WholeBatch,
)
from ance_core.samplers.ranked import Ranked

N_DOCS = 40


class Geometric(Ranked):
    """A ranked sampler with unequal weights, so that the shared drawing code is audited beyond the uniform case."""

    name = "geometric"

    def log_weights(self, pool, batch):
        return -0.3 * np.arange(pool.docs.shape[1]) * np.ones((len(batch.rows), 1))


def make_labels(n_queries: int = 12) -> Labels:
    rng = np.random.default_rng(3)
    pairs = {(q, int(d)) for q in range(n_queries) for d in rng.choice(N_DOCS, 1 + q % 3, replace=False)}
    queries, docs = zip(*sorted(pairs), strict=True)
    return Qrels.of(queries, docs, [1] * len(queries)).labels()


def make_pool(labels: Labels, depth: int, source: str = "ann") -> Pool:
    rng = np.random.default_rng(4)
    docs = np.full((len(labels.queries), depth), -1, np.int32)
    for i in range(len(labels.queries)):
        others = np.setdiff1d(np.arange(N_DOCS), labels.of(i))
        docs[i, : depth - i % 3] = rng.permutation(others)[: depth - i % 3]
    scores = -np.sort(-rng.normal(size=docs.shape).astype(np.float32), axis=1)
    return Pool.of(docs, scores, rng.normal(size=len(labels.docs)).astype(np.float32), source, 7)


def weighed(pool: Pool, seed: int = 5) -> Pool:
    """The pool with very different weights."""
    weights = np.random.default_rng(seed).normal(scale=1.5, size=pool.docs.shape).astype(np.float32)
    weights[pool.docs < 0] = -np.inf
    names = ("docs", "scores", "label_scores", "sources", "index_step")
    return Pool(**{name: getattr(pool, name) for name in names}, log_weights=weights)


LABELS = make_labels()
POOLS = {"bm25": make_pool(LABELS, 9, "bm25"), "own": make_pool(LABELS, 12)}
POOLS["weighed"] = weighed(POOLS["own"])

BY_QUERY: list[tuple[Sampler, int]] = [
    (Uniform(), 0),
    (TopK("own", 12), 0),
    (TopK("bm25", 9), 0),
    (Geometric("own", 12), 0),
    (Weighted("weighed", 12), 0),
    (UniformTop("own", 12, top=5), 0),
    (Ambiguous("own", 12), 0),
    (Ambiguous("own", 12, rule="pool"), 0),
    (Ambiguous("own", 12, a=0.5, b=1.0), 0),
    (Ambiguous("own", 12, a=0.5, b=1.0, sign=1), 0),
    (Ambiguous("own", 12, form="laplace", tau=2.0), 0),
    (GradientNorm("weighed", 12), 0),
    (GradientNorm("weighed", 12, floor=0.2), 0),
    (Mixture((TopK("bm25", 9), Uniform()), (0.7, 0.3)), 0),
    (Mixture((Geometric("own", 12), TopK("bm25", 9), Uniform()), (0.2, 0.5, 0.3)), 0),
    (Mixture((Ambiguous("own", 12, a=2.0), Uniform()), (0.6, 0.4)), 0),
    (Curriculum(TopK("bm25", 9), Ambiguous("own", 12), 100), 99),
    (Curriculum(TopK("bm25", 9), Ambiguous("own", 12), 100), 100),
]
"""Samplers that serve each query by itself, and the step at which they are audited."""

SHARED: list[Sampler] = [
    Uniform(),
    TopK("bm25", 9),
    UniformTop("own", 12, top=3),
    Ambiguous("own", 12, a=2.0),
    GradientNorm("weighed", 12),
    Mixture((TopK("bm25", 9), Uniform()), (0.7, 0.3)),
    Curriculum(TopK("bm25", 9), Ambiguous("own", 12), 100),
]
"""Samplers whose draws the whole batch shares, under `negatives.in_batch`."""

BY_BATCH = (InBatch, Borrowed, WholeBatch)
"""Samplers whose negatives come from the batch: audited by `audit_batches`, in test_audit and test_whole_batch."""


def case_name(case: tuple[Sampler, int]) -> str:
    return repr(case[0]).replace("pool=", "").replace("depth=", "")[:60] + f"@{case[1]}"
