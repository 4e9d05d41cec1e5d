"""Every query against every passage of its batch: which slots there are, and that each group draws what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ance_core.data import Labels, Qrels
from ance_core.errors import ConfigError
from ance_core.samplers import SOURCES, Borrowed, Pool, QueryBatch, Weighted, WholeBatch
from ance_core.samplers.audit import audit_batches

from .cases import LABELS, N_DOCS, POOLS, SHARED

WEIGHTED = {"own": POOLS["weighed"]}
OWN = Weighted("own", 12)


def batch_of(rows, labels: Labels = LABELS, n_docs: int = N_DOCS, seed: int = 0) -> QueryBatch:
    rows = np.asarray(rows)
    start, stop = labels.indptr[rows], labels.indptr[rows + 1]
    label = start + (np.random.default_rng(seed).random(len(rows)) * (stop - start)).astype(np.int64)
    return QueryBatch(rows, label, labels, n_docs)


def draw(sampler, batch, pools, n, seed=0):
    return sampler.draw(
        batch, pools, n, np.random.default_rng(seed).random((len(batch.rows), sampler.uniforms_needed(n)))
    )


@pytest.mark.parametrize("pools", [POOLS, WEIGHTED], ids=["uniform", "weighted"])
@pytest.mark.parametrize(("query", "n"), [(0, 1), (5, 1), (5, 3)])
def test_every_group_of_slots_draws_what_it_says(pools, query, n):
    audits = audit_batches(WholeBatch(OWN), pools, LABELS, N_DOCS, query, size=6, batches=6_000, n=n)
    assert set(audits) == {"in-batch", "weighted", "borrowed"}
    for name, audit in audits.items():
        assert audit.draws > 3_000
        assert audit.impossible == 0, name
        assert audit.p_value > 1e-4, (name, audit)


@pytest.mark.parametrize("own", SHARED, ids=lambda own: own.name)
def test_any_sampler_can_share_its_batch(own):
    query = 0  # with one label, since SimANS's own draws depend on the label of the step
    audits = audit_batches(WholeBatch(own), POOLS, LABELS, N_DOCS, query, size=4, batches=3_000, n=2)
    assert set(audits) == {"in-batch", own.name, "borrowed"}
    for name, audit in audits.items():
        assert audit.draws > 1_000
        assert audit.impossible == 0, name
        assert audit.p_value > 1e-4, (name, audit)


@pytest.mark.parametrize("own", SHARED, ids=lambda own: own.name)
def test_expectations_over_all_queries_are_sums_of_their_probabilities(own):
    """Against a loop over queries and labels; columns and mass against whole rows."""
    expected = np.zeros(N_DOCS)
    for q in range(len(LABELS.queries)):
        labels = range(LABELS.indptr[q], LABELS.indptr[q + 1])
        for label in labels:
            one = QueryBatch(np.array([q]), np.array([label]), LABELS, N_DOCS)
            expected += own.probabilities(one, POOLS)[0] / len(labels)
    np.testing.assert_allclose(own.expected_draws(LABELS, N_DOCS, POOLS), expected, atol=1e-12)
    np.testing.assert_allclose(own.expected_draws(LABELS, N_DOCS, POOLS), expected, atol=1e-12)  # remembered
    batch = batch_of(range(len(LABELS.queries)))
    rows = own.probabilities(batch, POOLS)
    docs = np.array([3, 0, 17, 39])
    np.testing.assert_allclose(own.probabilities_on(batch, POOLS, docs), rows[:, docs], atol=1e-15)
    np.testing.assert_allclose(own.mass(batch, POOLS), rows.sum(axis=1))


@pytest.mark.parametrize("own", SHARED, ids=lambda own: own.name)
def test_shared_draws_are_recorded_with_the_probabilities_of_their_group(own):
    batch = batch_of(np.arange(len(LABELS.queries)))
    drawn = draw(WholeBatch(own), batch, POOLS, 2)
    for part, columns in WholeBatch(own).parts(len(batch.rows), 2):
        stated, docs = part.probabilities(batch, POOLS), drawn.docs[:, columns]
        filled = docs >= 0
        expected = np.take_along_axis(stated, np.maximum(docs, 0).astype(np.int64), axis=1)
        np.testing.assert_allclose(drawn.probability[:, columns][filled], expected[filled], rtol=1e-9)


def test_the_audit_sees_a_group_with_the_wrong_distribution():
    """Others' draws said to be spread evenly over what they may be."""

    class Flat(Borrowed):
        def probabilities(self, batch, pools):
            p = super().probabilities(batch, pools) > 0
            return p / p.sum(axis=1, keepdims=True)

    class Wrong(WholeBatch):
        def parts(self, size, n):
            return [*super().parts(size, n)[:2], (Flat(OWN), super().parts(size, n)[2][1])]

    audit = audit_batches(Wrong(OWN), WEIGHTED, LABELS, N_DOCS, 0, size=6, batches=6_000)["borrowed"]
    assert audit.p_value < 1e-12


@pytest.mark.parametrize("pools", [POOLS, WEIGHTED], ids=["uniform", "weighted"])
@pytest.mark.parametrize("n", [1, 3])
def test_recorded_probabilities_are_those_of_the_group(pools, n):
    batch = batch_of(np.arange(len(LABELS.queries)))
    sampler = WholeBatch(OWN)
    drawn = draw(sampler, batch, pools, n)
    for part, columns in sampler.parts(len(batch.rows), n):
        stated = part.probabilities(batch, pools)
        np.testing.assert_allclose(stated.sum(axis=1), 1.0)
        docs, recorded = drawn.docs[:, columns], drawn.probability[:, columns]
        assert docs.shape[1] > 0
        filled = docs >= 0
        expected = np.take_along_axis(stated, np.maximum(docs, 0).astype(np.int64), axis=1)
        np.testing.assert_allclose(recorded[filled], expected[filled], rtol=1e-9)
        assert not recorded[~filled].any()


@given(
    rows=st.permutations(range(12)), size=st.integers(2, 12), n=st.integers(1, 3), seed=st.integers(0, 999)
)
def test_slots_are_all_other_passages_less_the_judged(rows, size, n, seed):
    """Against a double loop over queries."""
    batch = batch_of(rows[:size], seed=seed)
    drawn = draw(WholeBatch(OWN), batch, POOLS, n, seed)
    own = draw(OWN, batch, POOLS, n, seed).docs
    assert drawn.docs.shape == (size, (size - 1) * (1 + n) + n)
    for i in range(size):
        judged = set(LABELS.of(batch.rows[i]).tolist())
        others = [j for j in range(size) if j != i]
        wanted = [batch.positives[j] for j in others] + own[others].ravel().tolist() + own[i].tolist()
        assert sorted(d for d in drawn.docs[i] if d >= 0) == sorted(d for d in wanted if d not in judged)
        assert drawn.docs[i, size - 1 : size - 1 + n].tolist() == own[i].tolist()
        assert (drawn.docs[i] < 0).sum() == sum(d in judged for d in wanted)


def test_own_draws_keep_their_source_and_rank_and_the_rest_is_in_batch():
    batch = batch_of(range(5))
    drawn = draw(WholeBatch(OWN), batch, POOLS, 2)
    assert (drawn.sources[:, 4:6] == SOURCES.index("ann")).all()
    assert (drawn.ranks[:, 4:6] >= 0).all()
    assert (drawn.index_step[:, 4:6] == 7).all()
    rest = np.delete(np.arange(drawn.docs.shape[1]), [4, 5])
    assert (drawn.sources[:, rest] == SOURCES.index("in-batch")).all()
    assert (drawn.ranks[:, rest] == -1).all()
    assert np.isnan(drawn.scores[:, rest]).all()


def test_a_short_pool_leaves_empty_slots_to_everybody():
    labels = Qrels.of([0, 1, 2], [0, 1, 2], [1, 1, 1]).labels()
    docs = np.array([[5, -1], [-1, -1], [6, 7]], np.int32)
    pool = Pool.of(docs, np.zeros(docs.shape, np.float32), np.zeros(3, np.float32), "static", 0)
    batch = batch_of(range(3), labels, 8)
    sampler = WholeBatch(Weighted("own", 2))
    drawn = draw(sampler, batch, {"own": pool}, 2)
    assert [sorted(d for d in row if d >= 0) for row in drawn.docs] == [
        [1, 2, 5, 6, 7],
        [0, 2, 5, 6, 7],
        [0, 1, 5, 6, 7],
    ]
    p = Borrowed(sampler.own).probabilities(batch, {"own": pool})
    np.testing.assert_allclose(p[0, [5, 6, 7]], [0, 0.5, 0.5])
    np.testing.assert_allclose(p[1, [5, 6, 7]], [0.5, 0.25, 0.25])


def test_sources_as_large_as_the_corpus_are_refused():
    with pytest.raises(ConfigError, match=r"negatives.pool_depth: each source is to bring 38.*at most 37"):
        WholeBatch(Weighted("own", 114, per_source=38)).check(LABELS, N_DOCS, 1)
    sampler = WholeBatch(Weighted("own", 111, per_source=37))
    sampler.check(LABELS, N_DOCS, 37)
    with pytest.raises(ConfigError, match=r"negatives.per_query: 38 asked of sampler 'weighted'"):
        sampler.check(LABELS, N_DOCS, 38)
