"""Every sampler draws what it says it draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ance_core.data import Labels, Qrels
from ance_core.rng import keyed_uniforms
from ance_core.samplers import InBatch, Mixture, Pool, QueryBatch, TopK, Uniform
from ance_core.samplers.audit import audit_batches, audit_draws, chi_square
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


LABELS = make_labels()
POOLS = {"bm25": make_pool(LABELS, 9, "bm25"), "own": make_pool(LABELS, 12)}
SAMPLERS = [
    Uniform(),
    TopK("own", 12),
    TopK("bm25", 9),
    Geometric("own", 12),
    Mixture((TopK("bm25", 9), Uniform()), (0.7, 0.3)),
    Mixture((Geometric("own", 12), TopK("bm25", 9), Uniform()), (0.2, 0.5, 0.3)),
]


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda s: f"{s.name}-{len(s.pools)}")
@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("query", [0, 5])
def test_frequencies_agree_with_stated_probabilities(sampler, n, query):
    audit = audit_draws(sampler, POOLS, LABELS, N_DOCS, query, n=n, draws=20_000)
    assert audit.draws == 20_000
    assert audit.impossible == 0
    assert audit.repeats == 0
    assert audit.p_value > 1e-4, audit


@pytest.mark.parametrize("query", [0, 5])
def test_in_batch_frequencies_agree(query):
    audit = audit_batches(InBatch(), {}, LABELS, N_DOCS, query, size=6, batches=8_000)["in-batch"]
    assert audit.impossible == 0
    assert audit.p_value > 1e-4, audit


def test_the_audit_catches_a_sampler_that_draws_in_hash_order():
    """Keeping a set's first n members (Python orders small integers by hash) is not a uniform sample."""

    class HashOrder(TopK):
        def draw(self, batch, pools, n, uniforms):
            wide = super().draw(batch, pools, n + 2, uniforms)
            kept = np.argsort(wide.docs, axis=1)[:, :n]
            return type(wide)(**{k: np.take_along_axis(v, kept, axis=1) for k, v in vars(wide).items()})

    audit = audit_draws(HashOrder("own", 12), POOLS, LABELS, N_DOCS, 0, n=3)
    assert audit.p_value < 1e-12


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda s: f"{s.name}-{len(s.pools)}")
def test_probabilities_are_a_distribution_that_spares_judged_positives(sampler):
    rows = np.arange(len(LABELS.queries))
    batch = QueryBatch(rows, LABELS.indptr[rows], LABELS, N_DOCS)
    p = sampler.probabilities(batch, POOLS)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    for i in rows:
        assert not p[i, LABELS.of(i)].any()


@pytest.mark.parametrize("sampler", [*SAMPLERS, InBatch()], ids=lambda s: f"{s.name}-{len(s.pools)}")
def test_recorded_probability_is_the_stated_one(sampler):
    rows = np.arange(len(LABELS.queries))
    batch = QueryBatch(rows, LABELS.indptr[rows], LABELS, N_DOCS)
    draw = sampler.draw(
        batch, POOLS, 3, np.random.default_rng(0).random((len(rows), sampler.uniforms_needed(3)))
    )
    stated = sampler.probabilities(batch, POOLS)
    filled = draw.docs >= 0
    assert filled.any()
    for i, j in zip(*np.nonzero(filled), strict=True):
        assert draw.probability[i, j] == pytest.approx(stated[i, draw.docs[i, j]])
        assert draw.docs[i, j] not in LABELS.of(i)


def test_golden_chi_square():
    """60 throws of a die, counts 5 8 9 8 10 20: statistic 13.4 on 5 degrees of freedom, p = .0199."""
    assert chi_square(np.array([5.0, 8, 9, 8, 10, 20]), np.full(6, 1 / 6)) == pytest.approx(0.0199, abs=5e-5)


@settings(deadline=None, max_examples=60)
@given(
    data=st.data(),
    k=st.integers(1, 30),
    gap=st.sampled_from([1e-6, 1.0, 1e6]),
    n=st.integers(1, 5),
)
def test_weighted_draws_survive_extreme_gaps_and_short_pools(data, k, gap, n):
    class Sharp(Ranked):
        name = "sharp"

        def log_weights(self, pool, batch):
            scores = pool.scores[batch.rows].astype(np.float64)
            return -((scores - pool.label_scores[batch.label][:, None]) ** 2)

    labels = Qrels.of([0, 1], [0, 1], [1, 1]).labels()
    filled = data.draw(st.integers(min(n, k), k))
    docs = np.full((2, k), -1, np.int32)
    docs[:, :filled] = np.arange(2, 2 + filled)
    scores = np.tile(gap * np.arange(k, 0, -1, dtype=np.float32), (2, 1))
    pool = Pool.of(docs, scores, np.zeros(2, np.float32), "ann", 0)
    batch = QueryBatch(np.array([0, 1]), np.array([0, 1]), labels, k + 2)
    seed = data.draw(st.integers(0, 2**31))
    sampler = Sharp("own", k)
    take = min(n, k)
    draw = sampler.draw(batch, {"own": pool}, take, keyed_uniforms(seed, "t", 0, np.array([0, 1]), k))
    assert np.isfinite(draw.probability).all()
    for row in draw.docs:
        got = row[row >= 0]
        assert len(set(got)) == len(got) == min(take, filled)


def test_refusal_names_the_numbers_and_the_remedy():
    from ance_core.errors import ConfigError

    with pytest.raises(
        ConfigError, match=r"negatives.per_query: 50 asked of sampler 'top-k'.*the least: 12.*pool_depth"
    ):
        TopK("own", 12).check(LABELS, N_DOCS, 50)
    with pytest.raises(ConfigError, match="add documents"):
        Uniform().check(LABELS, N_DOCS, 39)
    InBatch().check(LABELS, N_DOCS, 1000)  # the batch decides
