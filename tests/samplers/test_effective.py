"""Effective sample size, by hand and against whole rows of probabilities."""

import numpy as np
import pytest

from ance_core.samplers import Ambiguous, Curriculum, Mixture, Pool, TopK, Uniform
from ance_core.samplers.audit import audit_draws
from ance_core.samplers.base import QueryBatch, effective_size
from ance_core.samplers.effective import effective_sample_sizes, top_shares

from .cases import BY_QUERY, LABELS, N_DOCS, POOLS, case_name


def test_by_hand():
    rows = np.array([[0.25, 0.25, 0.25, 0.25], [1, 0, 0, 0], [0.5, 0.25, 0.25, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(effective_size(rows), [4, 1, 1 / 0.375, np.nan])


@pytest.mark.parametrize("case", BY_QUERY, ids=case_name)
def test_the_short_way_equals_whole_rows(case):
    sampler, step = case
    rows = np.arange(len(LABELS.queries))
    batch = QueryBatch(rows, LABELS.indptr[rows], LABELS, N_DOCS, step)
    expected = 1 / np.square(sampler.probabilities(batch, POOLS)).sum(axis=1)
    np.testing.assert_allclose(sampler.effective_sizes(batch, POOLS), expected)
    np.testing.assert_allclose(effective_sample_sizes(sampler, LABELS, N_DOCS, POOLS, step), expected)


def test_uniform_over_the_pool_has_its_size_and_a_sharp_one_has_one():
    sizes = effective_sample_sizes(TopK("own", 12), LABELS, N_DOCS, POOLS, 0)
    np.testing.assert_allclose(sizes, POOLS["own"].sizes)
    np.testing.assert_allclose(
        effective_sample_sizes(Ambiguous("own", 12, a=1e9), LABELS, N_DOCS, POOLS, 0), 1
    )


def test_queries_without_candidates_are_left_out():
    own = POOLS["own"]
    docs = own.docs.copy()
    docs[3] = -1
    pools = {"own": Pool.of(docs, own.scores, own.label_scores, "ann", 0)}
    assert len(effective_sample_sizes(TopK("own", 12), LABELS, N_DOCS, pools, 0)) == len(docs) - 1


def test_a_curriculum_changes_at_its_step():
    sampler = Curriculum(TopK("bm25", 9), Mixture((TopK("own", 12), Uniform()), (0.5, 0.5)), 7)
    for step, part in ((6, sampler.first), (7, sampler.second)):
        np.testing.assert_allclose(
            effective_sample_sizes(sampler, LABELS, N_DOCS, POOLS, step),
            effective_sample_sizes(part, LABELS, N_DOCS, POOLS, step),
        )


def test_shares_of_the_top_by_hand():
    """Pools of 12, 11 and 10 candidates in turn: uniform draws take the first with 1/12, 1/11 and 1/10."""
    shares = top_shares(TopK("own", 12), LABELS, N_DOCS, POOLS, 0)
    assert shares[1] == pytest.approx((1 / 12 + 1 / 11 + 1 / 10) / 3)
    assert shares[10] == pytest.approx((10 / 12 + 10 / 11 + 1) / 3)
    assert shares[50] == pytest.approx(1)
    assert top_shares(Uniform(), LABELS, N_DOCS, {}, 0) == {}
    assert top_shares(Mixture((TopK("own", 12), Uniform()), (0.5, 0.5)), LABELS, N_DOCS, POOLS, 0) == {}


@pytest.mark.parametrize(
    "sampler", [TopK("own", 12), Ambiguous("own", 12), Ambiguous("own", 12, rule="pool")]
)
def test_the_audit_says_how_large_draws_are_and_from_how_far_up(sampler):
    audit = audit_draws(sampler, POOLS, LABELS, N_DOCS, 0)
    one = QueryBatch(np.zeros(1, int), LABELS.indptr[:1], LABELS, N_DOCS)
    p = sampler.candidate_probabilities(one, POOLS["own"])[0]
    assert audit.effective_size == pytest.approx(1 / np.square(p).sum())
    assert audit.drawn_size == pytest.approx(audit.effective_size, rel=0.05)
    for n in (1, 10, 50):
        assert audit.top[n] == pytest.approx(p[:n].sum(), abs=0.02)
    assert audit_draws(Uniform(), POOLS, LABELS, N_DOCS, 0).top == {}
