"""Rankings: order, ties, padding, and the removal of judged positives, each against the obvious slow way."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ance_core.retrieval import Ranking, ranking, top_k, without

# Few distinct values, so that most rows have ties; both zeros, and -inf for "no candidate".
TIED = st.sampled_from([-np.inf, -2.5, -1e-30, -0.0, 0.0, 1e-30, 1.0, np.inf])
SCORES = hnp.arrays(np.float32, st.tuples(st.integers(0, 5), st.integers(0, 9)), elements=TIED)


def slow_top_k(scores, k):
    docs = np.full((len(scores), k), -1)
    values = np.full((len(scores), k), -np.inf)
    for i, row in enumerate(scores):
        candidates = [j for j in range(len(row)) if row[j] != -np.inf]
        for rank, j in enumerate(sorted(candidates, key=lambda j: (-row[j], j))[:k]):
            docs[i, rank], values[i, rank] = j, row[j]
    return docs, values


def slow_without(found, labels, depth):
    docs = np.full((len(labels), depth), -1)
    for i, positives in enumerate(labels):
        left = [d for d in found.docs[i] if d >= 0 and d not in positives][:depth]
        docs[i, : len(left)] = left
    return docs


@given(SCORES, st.integers(0, 12))
def test_top_k_equals_a_sort_by_score_then_row(scores, k):
    found = top_k(scores, k)
    docs, values = slow_top_k(scores, k)
    np.testing.assert_array_equal(found.docs, docs)
    np.testing.assert_array_equal(found.scores, values)
    assert found.docs.dtype == np.int32
    assert found.scores.dtype == np.float32


def test_top_k_works_in_blocks(monkeypatch):
    scores = np.random.default_rng(0).integers(0, 5, (23, 17)).astype(np.float32)
    whole = top_k(scores, 6)
    monkeypatch.setattr(ranking, "_CELLS", 40)
    np.testing.assert_array_equal(top_k(scores, 6).docs, whole.docs)


def test_top_k_refuses_nan():
    with pytest.raises(ValueError, match="NaN"):
        top_k(np.array([[1.0, np.nan]], np.float32), 1)


def test_first_cuts_columns():
    found = top_k(np.array([[1, 3, 2]], np.float32), 3)
    assert found.first(2).docs.tolist() == [[1, 2]]


def test_sort_ties_orders_equal_scores_by_row_and_keeps_padding_last():
    mixed = Ranking(
        np.array([[7, 9, 2, 5, -1], [4, 3, 2, 1, 0]], np.int32),
        np.array([[3, 1, 1, 1, -np.inf], [5, 4, 3, 2, 1]], np.float32),
    )
    assert ranking.sort_ties(mixed).docs.tolist() == [[7, 2, 5, 9, -1], [4, 3, 2, 1, 0]]
    assert mixed.docs[0, 1] == 9, "the argument is left as it was"


def test_without_by_hand():
    found = Ranking(
        np.array([[4, 2, 7, 1], [3, 5, -1, -1], [0, 1, 2, 3]], np.int32),
        np.array([[9, 8, 7, 6], [5, 4, -np.inf, -np.inf], [3, 2, 1, 0]], np.float32),
    )
    left = without(found, np.array([0, 2, 3, 3]), np.array([4, 7, 6]), depth=3)
    assert left.docs.tolist() == [[2, 1, -1], [3, 5, -1], [0, 1, 2]]
    assert left.scores.tolist() == [[8, 6, -np.inf], [5, 4, -np.inf], [3, 2, 1]]


@given(st.data(), st.integers(0, 6), st.integers(1, 8), st.integers(0, 8))
def test_without_equals_the_loop(data, n_queries, width, depth):
    rows = [data.draw(st.permutations(range(10)))[:width] for _ in range(n_queries)]
    docs = np.array(rows, np.int32).reshape(n_queries, width)
    for row in docs:
        row[data.draw(st.integers(0, width)) :] = -1
    scores = np.where(docs >= 0, -np.arange(width, dtype=np.float32), -np.inf)
    labels = [sorted(data.draw(st.sets(st.integers(0, 9)))) for _ in range(n_queries)]
    indptr = np.cumsum([0, *map(len, labels)])
    left = without(Ranking(docs, scores), indptr, np.array(list(chain(*labels)), np.int32), depth)
    np.testing.assert_array_equal(left.docs, slow_without(Ranking(docs, scores), labels, depth))
    assert ((left.docs == -1) == (left.scores == -np.inf)).all()


def test_without_works_in_blocks(monkeypatch):
    rng = np.random.default_rng(1)
    found = top_k(rng.normal(size=(30, 40)).astype(np.float32), 20)
    labels = np.sort(rng.permuted(np.tile(np.arange(40), (30, 1)), axis=1)[:, :5]).astype(np.int32)
    indptr = np.arange(0, 151, 5)
    whole = without(found, indptr, labels.ravel(), 10)
    monkeypatch.setattr(ranking, "_CELLS", 50)
    np.testing.assert_array_equal(without(found, indptr, labels.ravel(), 10).docs, whole.docs)
    assert not (whole.docs[:, :, None] == labels[:, None, :]).any()
