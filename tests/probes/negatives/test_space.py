"""Scores, overlap, pairwise errors and forgetting against loops over plain inner products."""

from __future__ import annotations

import numpy as np
import pytest

from ance_core.probes.negatives import (
    Space,
    course,
    fewer_edges,
    groups,
    in_pool_top,
    in_top,
    pairwise_errors,
)

from .invented import N_DOCS, N_QUERIES, columns, space

DRAWN = columns()
ROWS = DRAWN["document"] >= 0
QUERY, POSITIVE, DOCUMENT = (DRAWN[name][ROWS] for name in ("query", "positive", "document"))
STEP = DRAWN["step"][ROWS]


def slow_score(where: Space, query: int, document: int) -> float | None:
    q, d = where.query_rows.tolist(), where.document_rows.tolist()
    if query not in q or document not in d:
        return None
    return float(where.queries[q.index(query)] @ where.documents[d.index(document)]) * where.scale


def slow_rank_above(where: Space, query: int, document: int, left_out: set[int]) -> float:
    """How many of the sample's documents stand above this one; a tie counts half."""
    own = slow_score(where, query, document)
    others = [
        slow_score(where, query, d) for d in where.document_rows.tolist() if d not in left_out | {document}
    ]
    return sum(1.0 if s > own else 0.5 if s == own else 0.0 for s in others)


def test_scores_of_pairs_and_none_outside_the_sample():
    where = space(docs=20)
    for q, d, s in zip(QUERY, DOCUMENT, where.score(QUERY, DOCUMENT), strict=True):
        slow = slow_score(where, int(q), int(d))
        assert np.isnan(s) if slow is None else s == pytest.approx(slow, rel=1e-5)


@pytest.mark.parametrize(("docs", "k"), [(N_DOCS, 5), (15, 6), (N_DOCS, 500)])
def test_in_top_is_the_rank_without_the_positives(docs, k):
    where = space(docs=docs)
    found = in_top(where, QUERY, DOCUMENT, (QUERY, POSITIVE), k)
    known = {q: {int(p) for p in POSITIVE[q == QUERY]} for q in range(N_QUERIES)}
    for q, d, top in zip(QUERY.tolist(), DOCUMENT.tolist(), found, strict=True):
        if slow_score(where, q, d) is None:
            assert np.isnan(top)
        elif d in known[q]:
            assert top == 0  # in these records some negatives are positives elsewhere
        else:
            assert top == (slow_rank_above(where, q, d, known[q]) < k * docs / N_DOCS)


def test_in_pool_top_looks_the_document_up():
    rng = np.random.default_rng(0)
    queries = np.array([1, 3, 4, 9])
    docs = np.stack([rng.permutation(N_DOCS)[:12] for _ in queries])
    found = in_pool_top(docs, queries, QUERY, DOCUMENT, 8)
    for q, d, top in zip(QUERY.tolist(), DOCUMENT.tolist(), found, strict=True):
        if q not in queries:
            assert np.isnan(top)
        else:
            assert top == (d in docs[queries.tolist().index(q), :8])


@pytest.mark.parametrize("docs", [N_DOCS, 18])
def test_pairwise_errors_count_what_stands_above(docs):
    where = space(docs=docs)
    pairs = np.unique(np.stack([QUERY, POSITIVE]), axis=1)
    found = pairwise_errors(where, *pairs, k=4)
    slow = [
        slow_rank_above(where, q, p, {int(other) for other in pairs[1][pairs[0] == q]}) * N_DOCS / docs
        for q, p in pairs.T.tolist()
        if slow_score(where, q, p) is not None
    ]
    assert found.pairs == len(slow)
    assert found.total == pytest.approx(np.mean(slow))
    assert found.top == pytest.approx(np.minimum(slow, 4).mean())
    assert found.worst_share == pytest.approx(max(slow) / sum(slow))


def line(*scores: float, step: int = 0) -> Space:
    """One query whose documents have these scores."""
    docs = np.array(scores, np.float32)[:, None]
    return Space(
        step, np.ones((1, 1), np.float32), np.array([0]), docs, np.arange(len(scores)), 1.0, len(scores)
    )


def test_pairwise_errors_golden():
    zero, two = np.array([0]), np.array([2])
    assert pairwise_errors(line(3, 2, 1, 0), zero, two).total == 2
    assert pairwise_errors(line(3, 2, 1, 0), zero, two, k=1).top == 1
    assert pairwise_errors(line(1, 1, 1, 1), zero, two).total == 1.5  # a collapsed space is no perfect one
    assert pairwise_errors(line(1, 2), np.array([7]), two).pairs == 0


def test_learned_and_forgotten_golden():
    # document 0 is the positive; 1 is learned, forgotten and learned again, 2 never learned
    spaces = [line(1, 2, 5, step=0), line(3, 2, 5, step=10), line(1, 2, 5, step=20), line(3, 2, 5, step=30)]
    drawn = np.array([1, 2, 2])
    same = np.zeros(3, int)
    [group] = groups(np.array([4, 5, 6]), same, same, drawn, [0, 10])
    assert (group.first, group.last, group.document.tolist()) == (1, 10, [1, 2])
    found = course(group, spaces)
    assert found.steps.tolist() == [0, 10, 20, 30]
    assert found.learned.tolist() == [0, 0.5, 0, 0.5]
    assert found.forgotten.tolist() == [0, 0, 0.5, 0]
    assert found.size == 2


def test_course_as_a_loop_counts_it():
    spaces = [space(step, docs=20) for step in (0, 10, 20, 30)]
    for group in groups(STEP, QUERY, POSITIVE, DOCUMENT, [0, 20, 40]):
        found = course(group, spaces)
        learned = []
        for q, p, d in zip(group.query, group.positive, group.document, strict=True):
            scores = [(slow_score(s, q, p), slow_score(s, q, d)) for s in spaces]
            if None not in scores[0]:
                learned.append([positive > negative for positive, negative in scores])
        assert found.size == len(learned) > 0
        assert found.learned == pytest.approx(np.mean(learned, axis=0))
        forgotten = [[any(row[:i]) and not row[i] for i in range(4)] for row in learned]
        assert found.forgotten == pytest.approx(np.mean(forgotten, axis=0))


def test_groups_hold_each_negative_once_and_stay_inside_their_steps():
    inside = DOCUMENT % 2 == 0
    for group in groups(STEP, QUERY, POSITIVE, DOCUMENT, [0, 15, 40], inside):
        rows = inside & (group.first <= STEP) & (group.last >= STEP)
        wanted = set(zip(QUERY[rows], POSITIVE[rows], DOCUMENT[rows], strict=True))
        assert set(zip(group.query, group.positive, group.document, strict=True)) == wanted
        assert len(group.query) == len(wanted)


def test_a_group_outside_every_sample_has_no_shares():
    [group] = groups(np.array([1]), np.array([99]), np.array([0]), np.array([1]), [0, 5])
    found = course(group, [space(0), space(10)])
    assert found.size == 0
    assert np.isnan(found.learned).all()


def test_fewer_edges_keeps_both_ends():
    assert fewer_edges([5, 0, 5, 9], 5) == [0, 5, 9]
    few = fewer_edges(range(0, 601, 10), 6)
    assert (few[0], few[-1], len(few)) == (0, 600, 7)
