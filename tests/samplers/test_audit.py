"""Every sampler draws what it says it draws."""

import importlib
import inspect
import pkgutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ance_core import samplers
from ance_core.data import Labels
from ance_core.rng import keyed_uniforms
from ance_core.samplers import InBatch, Pool, QueryBatch, Sampler, TopK, Uniform
from ance_core.samplers.audit import audit_batches, audit_draws, chi_square
from ance_core.samplers.ranked import Ranked

from .cases import BY_BATCH, BY_QUERY, LABELS, N_DOCS, POOLS, case_name


def subclasses(cls: type) -> set[type]:
    return {cls}.union(*(subclasses(below) for below in cls.__subclasses__()))


def test_no_sampler_escapes_the_audit():
    """Every sampler in the package's files stands in one of the two lists and is a public name."""
    for module in pkgutil.iter_modules(samplers.__path__, "ance_core.samplers."):
        importlib.import_module(module.name)
    ours = {
        c for c in subclasses(Sampler) if c.__module__.startswith("ance_core.") and not inspect.isabstract(c)
    }
    assert ours - {type(sampler) for sampler, _ in BY_QUERY} - set(BY_BATCH) == set()
    assert {c.__name__ for c in ours} - set(samplers.__all__) == set()


@pytest.mark.parametrize("case", BY_QUERY, ids=case_name)
@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("query", [0, 5])
def test_frequencies_agree_with_stated_probabilities(case, n, query):
    sampler, step = case
    audit = audit_draws(sampler, POOLS, LABELS, N_DOCS, query, n=n, draws=20_000, step=step)
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


@pytest.mark.parametrize("case", BY_QUERY, ids=case_name)
def test_probabilities_are_a_distribution_that_spares_judged_positives(case):
    sampler, step = case
    rows = np.arange(len(LABELS.queries))
    batch = QueryBatch(rows, LABELS.indptr[rows], LABELS, N_DOCS, step)
    p = sampler.probabilities(batch, POOLS)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    for i in rows:
        assert not p[i, LABELS.of(i)].any()


@pytest.mark.parametrize("case", [*BY_QUERY, (InBatch(), 0)], ids=case_name)
def test_recorded_probability_is_the_stated_one(case):
    sampler, step = case
    rows = np.arange(len(LABELS.queries))
    batch = QueryBatch(rows, LABELS.indptr[rows + 1] - 1, LABELS, N_DOCS, step)  # towards the last label
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


@st.composite
def problems(draw_from):
    """Labels and a pool of two queries: any size, ties, gaps of any scale, positives anywhere in the ranking."""
    k = draw_from(st.integers(1, 30))
    filled = [draw_from(st.integers(1, k)) for _ in range(2)]
    gap = draw_from(st.sampled_from([0.0, 1e-6, 1.0, 1e6]))
    labels = Labels(
        np.arange(2, dtype=np.int32), np.array([0, 1, 3]), np.arange(3, dtype=np.int32), np.ones(3, np.int16)
    )
    docs, scores = np.full((2, k), -1, np.int32), np.full((2, k), -np.inf, np.float32)
    for i, size in enumerate(filled):
        docs[i, :size] = np.arange(3, 3 + size)
        steps = draw_from(st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=size, max_size=size))
        scores[i, :size] = -gap * np.cumsum(steps)
    positives = [draw_from(st.integers(-2, k + 1)) * gap * -1.0 for _ in range(3)]
    pool = Pool.of(docs, scores, np.array(positives, np.float32), "ann", 0)
    weights = np.where(docs >= 0, -np.abs(scores), -np.inf).astype(np.float32)
    return labels, dict.fromkeys(("own", "bm25"), pool) | {
        "weighed": Pool(pool.docs, pool.scores, pool.label_scores, pool.sources, pool.index_step, weights)
    }


@pytest.mark.parametrize("case", BY_QUERY, ids=case_name)
@settings(max_examples=40)
@given(problem=problems(), n=st.integers(1, 5), seed=st.integers(0, 2**31))
def test_draws_survive_extreme_gaps_ties_and_short_pools(case, problem, n, seed):
    sampler, step = case
    labels, pools = problem
    n_docs = 3 + pools["own"].docs.shape[1]
    batch = QueryBatch(np.array([0, 1]), np.array([0, 2]), labels, n_docs, step)
    width = pools["own"].docs.shape[1]
    sampler = at_depth(sampler, width)
    n = min(n, width)
    uniforms = keyed_uniforms(seed, "t", step, np.array([0, 1]), sampler.uniforms_needed(n))
    draw = sampler.draw(batch, pools, n, uniforms)
    p = sampler.probabilities(batch, pools)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert np.isfinite(draw.probability).all()
    assert np.isfinite(sampler.effective_sizes(batch, pools)).all()
    for i, row in enumerate(draw.docs):
        got = row[row >= 0]
        assert len(set(got)) == len(got) >= 1
        assert not set(got) & set(labels.of(i))
        np.testing.assert_allclose(draw.probability[i][row >= 0], p[i, got])
        if isinstance(sampler, Ranked):
            assert len(got) == min(n, pools[sampler.pool].sizes[i])


def at_depth(sampler: Sampler, depth: int) -> Sampler:
    """The same sampler over pools of another depth."""
    changes = {"depth": depth} if isinstance(sampler, Ranked) else {}
    for name, value in vars(sampler).items():
        if isinstance(value, Sampler):
            changes[name] = at_depth(value, depth)
        elif name == "components":
            changes[name] = tuple(at_depth(c, depth) for c in value)
    return replace(sampler, **changes) if changes else sampler


def test_refusal_names_the_numbers_and_the_remedy():
    from ance_core.errors import ConfigError

    with pytest.raises(
        ConfigError, match=r"negatives.per_query: 50 asked of sampler 'top-k'.*the least: 12.*pool_depth"
    ):
        TopK("own", 12).check(LABELS, N_DOCS, 50)
    with pytest.raises(ConfigError, match="add documents"):
        Uniform().check(LABELS, N_DOCS, 39)
    InBatch().check(LABELS, N_DOCS, 1000)  # the batch decides
