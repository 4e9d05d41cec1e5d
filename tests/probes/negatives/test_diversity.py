"""Repeats, evenness and effective numbers."""

from __future__ import annotations

import numpy as np
import pytest

from ance_core.probes.negatives import draw_counts, effective_candidates, effective_documents, gini, repeats

from .invented import N_DOCS, columns


def slow_repeats(step, query, document):
    rows = list(zip(step.tolist(), query.tolist(), document.tolist(), strict=True))
    seen, again = set(), 0
    for _, q, d in rows:
        again += (q, d) in seen
        seen.add((q, d))
    once = set(rows)
    shared = sum(any(s == s2 and d == d2 and q != q2 for s2, q2, d2 in once) for s, q, d in once)
    return again / len(rows), len(rows) - len(once), shared / len(once)


@pytest.mark.parametrize("seed", range(3))
def test_repeats_as_a_loop_counts_them(seed):
    drawn = columns(400, seed)
    rows = drawn["document"] >= 0
    who = drawn["step"][rows], drawn["query"][rows], drawn["document"][rows]
    found = repeats(*who)
    assert (found.again, found.same_step, found.in_batch) == pytest.approx(slow_repeats(*who))


def test_repeats_golden():
    #             the pair (0, 5) twice, in different steps; document 5 for two queries of step 1
    found = repeats(np.array([1, 1, 2]), np.array([0, 1, 0]), np.array([5, 5, 5]))
    assert (found.again, found.same_step, found.in_batch) == pytest.approx((1 / 3, 0, 2 / 3))
    nothing = repeats(*(np.empty(0, int),) * 3)
    assert np.isnan(nothing.again)


def test_gini_and_effective_documents_golden():
    assert gini(np.array([3, 3, 3])) == pytest.approx(0)
    assert gini(np.array([0, 0, 0, 8])) == pytest.approx(3 / 4)
    assert effective_documents(np.array([3, 3, 3, 0])) == pytest.approx(3)
    assert effective_documents(np.array([9, 0])) == pytest.approx(1)
    assert np.isnan(gini(np.zeros(3)))
    assert np.isnan(effective_documents(np.zeros(3)))


def test_gini_is_half_the_relative_mean_difference():
    counts = draw_counts(columns()["document"].clip(0), N_DOCS)
    difference = np.mean([abs(a - b) for a in counts.tolist() for b in counts.tolist()])
    assert gini(counts) == pytest.approx(difference / (2 * counts.mean()))


def test_effective_candidates_of_a_uniform_draw_is_their_number():
    p = np.full(10, 1 / 40)
    assert effective_candidates(p, np.zeros(10, int), 2)[0] == pytest.approx(40)
    assert np.isnan(effective_candidates(p, np.zeros(10, int), 2)[1])


def test_effective_candidates_estimates_one_over_the_sum_of_squares():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(20, 0.3))
    drawn = rng.choice(20, 60_000, p=p)
    found = effective_candidates(p[drawn], np.zeros(len(drawn), int), 1)[0]
    assert found == pytest.approx(1 / np.square(p).sum(), rel=0.02)
