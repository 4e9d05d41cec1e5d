"""Search over passages: a document's score is its best passage's, as the full table of scores says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ance_core.data.passages import Passages
from ance_core.retrieval import build_index, search, top_k


# Whole numbers: inner products are exact in any order of summation, so ties are ties.
@given(st.lists(st.integers(1, 4), min_size=1, max_size=30), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_it_equals_the_maximum_over_every_passage(counts, k, seed):
    rng = np.random.default_rng(seed)
    passages = Passages(np.cumsum([0, *counts]))
    vectors = rng.integers(-1, 2, (sum(counts), 3)).astype(np.float32)
    queries = rng.integers(-1, 2, (7, 3)).astype(np.float32)
    found = search(build_index(vectors), queries, k, passages)
    expected = top_k(np.maximum.reduceat(queries @ vectors.T, passages.starts[:-1], axis=1), k)
    np.testing.assert_array_equal(found.docs, expected.docs)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert found.docs.dtype == np.int32


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    passages = Passages(np.cumsum([0, *rng.integers(1, 5, 100)]))
    index = build_index(rng.normal(size=(passages.starts[-1], 8)).astype(np.float32))
    queries = rng.normal(size=(50, 8)).astype(np.float32)
    whole = search(index, queries, 10, passages)
    monkeypatch.setattr("ance_core.retrieval.ranking._CELLS", 100)
    parts = search(index, queries, 10, passages)
    np.testing.assert_array_equal(parts.docs, whole.docs)
    np.testing.assert_array_equal(parts.scores, whole.scores)
