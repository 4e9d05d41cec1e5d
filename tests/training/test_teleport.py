"""ANCE-Tele's pools against slow and obvious versions: who is in them, with what mass, and for how long."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ance_core.data import Labels, Qrels
from ance_core.samplers import SOURCES, QueryBatch, Weighted
from ance_core.samplers.audit import audit_draws, chi_square
from ance_core.training.mining import MiningSeconds, mine_dense
from ance_core.training.teleport import Source, lookahead, merge, momentum, teleport

N_DOCS, DIM, DEPTH = 40, 6, 5
NAMES = ("ann", "lookahead", "momentum")


def make_labels(n_queries: int = 9) -> Labels:
    """One to three positives a query; some documents answer several."""
    rng = np.random.default_rng(1)
    pairs = {(q, int(d)) for q in range(n_queries) for d in rng.choice(N_DOCS, 1 + q % 3, replace=False)}
    queries, docs = zip(*sorted(pairs), strict=True)
    return Qrels.of(queries, docs, [1] * len(queries)).labels()


LABELS = make_labels()
QUERIES = len(LABELS.queries)
EVERYBODY = np.arange(QUERIES)


def embeddings(seed: int, grid: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Of queries and documents; on a grid many inner products tie."""
    rng = np.random.default_rng(seed)
    draw = (lambda *size: rng.integers(-1, 2, size)) if grid else (lambda *size: rng.normal(size=size))
    return draw(QUERIES, DIM).astype(np.float32), draw(N_DOCS, DIM).astype(np.float32)


def pool_of(queries, docs, previous=None, *, alpha=0.5, beta=0.5, depth=DEPTH, step=0):
    ann = mine_dense(
        queries,
        docs,
        LABELS,
        depth=depth,
        scale=2.0,
        source="ann",
        index_step=step,
        seconds=MiningSeconds(),
    )
    return teleport(
        ann,
        previous,
        EVERYBODY,
        queries,
        docs,
        LABELS,
        alpha=alpha,
        beta=beta,
        depth=depth,
        scale=2.0,
        seed=3,
        step=step,
    )


def slow_top(scores: np.ndarray, judged: set[int], depth: int) -> list[int]:
    ranked = sorted(range(N_DOCS), key=lambda d: (-scores[d], d))
    return [d for d in ranked if d not in judged][:depth]


rows = st.lists(st.sets(st.integers(0, 15), max_size=6), min_size=3, max_size=3)


@given(
    queries=st.lists(rows, min_size=1, max_size=4),
    masses=st.lists(st.sampled_from([0.25, 0.5, 1.0, 3.0]), min_size=3, max_size=3),
    seed=st.integers(0, 99),
)
def test_merging_equals_counting_by_hand(queries, masses, seed):
    rng = np.random.default_rng(seed)
    sources = []
    for i, name in enumerate(NAMES):
        docs = np.full((len(queries), 6), -1, np.int32)
        for q, sets in enumerate(queries):
            docs[q, : len(sets[i])] = rng.permutation(sorted(sets[i]))
        sources.append(Source(docs, masses[i], name))
    found, mass, codes = merge(sources)
    for q, sets in enumerate(queries):
        shares = [
            {d: m / len(group) for d in group} for group, m in zip(sets, masses, strict=True)
        ]  # document to share, by source
        wanted = set().union(*sets)
        here = found[q] >= 0
        assert sorted(found[q, here]) == sorted(wanted)  # each once
        assert not mass[q, ~here].any()
        for d, m, code in zip(found[q, here], mass[q, here], codes[q, here], strict=True):
            parts = [share.get(int(d), 0.0) for share in shares]
            assert m == pytest.approx(sum(parts))
            assert SOURCES[code] == NAMES[int(np.argmax(np.float32(parts)))]  # of equals the first
        full = sum(m for group, m in zip(sets, masses, strict=True) if group)
        assert mass[q].sum() == pytest.approx(full)


@pytest.mark.parametrize("grid", [False, True], ids=["generic", "ties"])
def test_lookahead_is_the_neighbourhood_of_the_nearest_positive(grid):
    _, docs = embeddings(2, grid)
    found = lookahead(docs, LABELS, DEPTH)
    products = docs @ docs.T
    for q in range(QUERIES):
        judged = LABELS.of(q).tolist()
        assert found[q].tolist() == slow_top(products[judged].max(axis=0), set(judged), DEPTH)


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.5), (2.0, 1.0), (0.3, 0.7), (0.0, 0.5), (0.5, 0.0)])
def test_masses_are_as_set_and_the_union_is_the_three_lists(alpha, beta):
    first = pool_of(*embeddings(4), alpha=alpha, beta=beta)
    queries, docs = embeddings(5)
    pool = pool_of(queries, docs, first, alpha=alpha, beta=beta, step=7)
    old = momentum(first, EVERYBODY, LABELS, DEPTH, 3, 7)
    products = docs @ docs.T
    width = DEPTH * (1 + (alpha > 0) + (beta > 0))
    assert first.docs.shape == pool.docs.shape == (QUERIES, width)
    assert (pool.index_step == 7).all()
    for q in range(QUERIES):
        judged = set(LABELS.of(q).tolist())
        lists = [(1.0, slow_top(docs @ queries[q], judged, DEPTH))]
        if beta:
            lists.append((beta, slow_top(products[sorted(judged)].max(axis=0), judged, DEPTH)))
        if alpha:
            lists.append((alpha, [d for d in old[q].tolist() if d >= 0]))
        wanted: dict[int, float] = {}
        for mass, members in lists:
            for d in members:
                wanted[d] = wanted.get(d, 0.0) + mass / len(members)
        filled = pool.docs[q] >= 0
        got = dict(zip(pool.docs[q, filled].tolist(), np.exp(pool.log_weights[q, filled]), strict=True))
        assert got == pytest.approx(wanted)
        assert not judged & set(got)
        assert filled.sum() == len(wanted)
        assert np.isneginf(pool.log_weights[q, ~filled]).all()
        np.testing.assert_allclose(
            pool.scores[q, filled], 2 * docs[pool.docs[q, filled]] @ queries[q], rtol=1e-5, atol=1e-5
        )
        assert (np.diff(pool.scores[q, filled]) <= 0).all()
        assert sum(got.values()) == pytest.approx(1 + beta + alpha)
    names = {SOURCES[c] for c in pool.sources[pool.docs >= 0]}
    assert names == {"ann", *(["lookahead"] if beta else []), *(["momentum"] if alpha else [])}


def test_the_first_episode_has_no_momentum():
    pool = pool_of(*embeddings(4))
    filled = pool.docs >= 0
    assert {SOURCES[c] for c in pool.sources[filled]} == {"ann", "lookahead"}
    np.testing.assert_allclose(np.exp(pool.log_weights).sum(axis=1), 1.5, rtol=1e-6)


def test_without_mass_it_is_ance():
    queries, docs = embeddings(6)
    first = pool_of(*embeddings(4), alpha=0, beta=0)
    pool = pool_of(queries, docs, first, alpha=0, beta=0)
    ann = mine_dense(
        queries,
        docs,
        LABELS,
        depth=DEPTH,
        scale=2.0,
        source="ann",
        index_step=0,
        seconds=MiningSeconds(),
    )
    np.testing.assert_array_equal(pool.docs, ann.docs)
    np.testing.assert_allclose(pool.scores, ann.scores, rtol=1e-5)
    np.testing.assert_allclose(pool.log_weights, -math.log(DEPTH), rtol=1e-6)


@given(seeds=st.lists(st.integers(0, 999), min_size=2, max_size=6), depth=st.integers(1, 12))
def test_pools_stay_bounded_distinct_and_clean_over_many_episodes(seeds, depth):
    pool = None
    for step, seed in enumerate(seeds):
        pool = pool_of(*embeddings(seed), pool, depth=depth, step=step)
        assert pool.docs.shape == (QUERIES, 3 * depth)
        for q in range(QUERIES):
            members = pool.docs[q][pool.docs[q] >= 0].tolist()
            assert len(set(members)) == len(members) >= depth
            assert not set(members) & set(LABELS.of(q).tolist())
            assert (pool.docs[q][: len(members)] >= 0).all()  # padding at the end


def test_momentum_is_drawn_by_the_weights_of_the_pool_before():
    """With a depth of 1, the one that stays is a single draw: chi-square over many steps."""
    pool = pool_of(*embeddings(4))
    p = np.exp(pool.log_weights[0].astype(np.float64))
    counts = np.zeros(N_DOCS)
    for step in range(3000):
        counts[momentum(pool, EVERYBODY, LABELS, 1, 0, step)[0, 0]] += 1
    stated = np.zeros(N_DOCS)
    filled = pool.docs[0] >= 0
    stated[pool.docs[0, filled]] = p[filled] / p.sum()
    assert counts[stated == 0].sum() == 0
    assert chi_square(counts, stated) > 1e-4


def test_momentum_depends_on_seed_step_and_query_alone():
    pool = pool_of(*embeddings(4))
    whole = momentum(pool, EVERYBODY, LABELS, DEPTH, 0, 8)
    some = np.array([2, 5])
    part = Labels(
        LABELS.queries[some], np.array([0, 1, 2]), LABELS.docs[LABELS.indptr[some]], np.ones(2, np.int16)
    )
    np.testing.assert_array_equal(momentum(pool, some, part, DEPTH, 0, 8), whole[some])
    assert not np.array_equal(whole, momentum(pool, EVERYBODY, LABELS, DEPTH, 0, 9))
    assert not np.array_equal(whole, momentum(pool, EVERYBODY, LABELS, DEPTH, 1, 8))


@pytest.mark.parametrize("query", [0, 5])
def test_draws_from_a_mixed_pool_follow_its_masses(query):
    pool = pool_of(*embeddings(5), pool_of(*embeddings(4)), alpha=2.0, beta=0.3)
    sampler = Weighted("own", 3 * DEPTH, per_source=DEPTH)
    audit = audit_draws(sampler, {"own": pool}, LABELS, N_DOCS, query, n=3, draws=20_000)
    assert (audit.impossible, audit.repeats) == (0, 0)
    assert audit.p_value > 1e-4, audit
    one = QueryBatch(np.array([query]), LABELS.indptr[[query]], LABELS, N_DOCS)
    p = sampler.probabilities(one, {"own": pool})[0]
    np.testing.assert_allclose(p[pool.docs[query, 0]], np.exp(pool.log_weights[query, 0]) / 3.3, rtol=1e-5)
