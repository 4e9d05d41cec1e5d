"""Filters of a pool against a loop over queries and candidates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ance_core.config import FilterConfig, NegativesConfig, parse
from ance_core.data import Labels
from ance_core.errors import ConfigError
from ance_core.samplers import Pool
from ance_core.samplers.filters import filter_pool, refuse_empty


def slowly(pool: Pool, labels: Labels, filters: FilterConfig) -> list[list[int]]:
    """The documents that stay, query by query."""
    result = []
    for q in range(len(labels.queries)):
        known = [s for s in pool.label_scores[labels.indptr[q] : labels.indptr[q + 1]] if not np.isnan(s)]
        positive = float(min(known)) if known else None
        stay = []
        for rank, (doc, score) in enumerate(zip(pool.docs[q], pool.scores[q], strict=True), start=1):
            if doc < 0 or rank < filters.rank_from or rank > (filters.rank_to or rank):
                continue
            if filters.max_score is not None and score > filters.max_score:
                continue
            if positive is not None:
                margin, share = filters.absolute_margin, filters.relative_margin
                part = filters.percentage_of_positive
                if margin is not None and score > positive - margin:
                    continue
                if share is not None and score > positive - share * abs(positive):
                    continue
                if part is not None and score > positive - (1 - part) * abs(positive):
                    continue
            stay.append(int(doc))
        result.append(stay)
    return result


@st.composite
def pools(draw):
    n, k = draw(st.integers(1, 4)), draw(st.integers(1, 8))
    counts = [draw(st.integers(1, 3)) for _ in range(n)]
    indptr = np.concatenate([[0], np.cumsum(counts)])
    labels = Labels(
        np.arange(n, dtype=np.int32),
        indptr,
        np.arange(indptr[-1], dtype=np.int32),
        np.ones(indptr[-1], np.int16),
    )
    levels = [-4.0, -1.0, -0.5, 0.0, 0.5, 1.0, 4.0]  # exact in binary, with ties
    docs, scores = np.full((n, k), -1, np.int32), np.full((n, k), -np.inf, np.float32)
    for q in range(n):
        size = draw(st.integers(0, k))
        docs[q, :size] = draw(st.permutations(range(100, 100 + size)))
        scores[q, :size] = sorted((draw(st.sampled_from(levels)) for _ in range(size)), reverse=True)
    positives = [draw(st.sampled_from([*levels, float("nan")])) for _ in range(indptr[-1])]
    return labels, Pool.of(docs, scores, np.array(positives, np.float32), "ann", 3)


ranks = st.none() | st.integers(1, 8)
filters = st.builds(
    lambda a, b, **rest: FilterConfig(rank_from=min(a, b or a), rank_to=b and max(a, b), **rest),
    st.integers(1, 8),
    ranks,
    max_score=st.none() | st.sampled_from([-1.0, 0.0, 0.5]),
    absolute_margin=st.none() | st.sampled_from([-1.0, 0.0, 0.5]),
    relative_margin=st.none() | st.sampled_from([0.0, 0.5, 1.0]),
    percentage_of_positive=st.none() | st.sampled_from([0.25, 0.5, 1.0]),
)


@given(pools(), filters)
def test_filters_equal_the_loop(problem, settings):
    labels, pool = problem
    left = filter_pool(pool, labels, settings)
    assert [[int(d) for d in row if d >= 0] for row in left.docs] == slowly(pool, labels, settings)
    for q, row in enumerate(left.docs):
        size = int((row >= 0).sum())
        assert (row[:size] >= 0).all()  # packed to the left
        by_doc = dict(zip(pool.docs[q].tolist(), pool.scores[q].tolist(), strict=True))
        assert left.scores[q, :size].tolist() == [by_doc[int(d)] for d in row[:size]]
        assert np.isneginf(left.scores[q, size:]).all()


def one(scores, positives, **settings) -> list[float]:
    labels = Labels(
        np.zeros(1, np.int32),
        np.array([0, len(positives)]),
        np.arange(len(positives), dtype=np.int32),
        np.ones(1),
    )
    docs = 10 + np.arange(len(scores), dtype=np.int32)[None, :]
    pool = Pool.of(docs, np.array([scores], np.float32), np.array(positives, np.float32), "ann", 0)
    left = filter_pool(pool, labels, FilterConfig(**settings))
    return left.scores[0, : left.sizes[0]].tolist()


def test_margins_by_hand():
    scores = [5.0, 4.0, 3.5, 2.0]
    assert one(scores, [4.0], absolute_margin=0.5) == [3.5, 2.0]
    assert one(scores, [4.0], relative_margin=0.125) == [3.5, 2.0]
    assert one(scores, [4.0], percentage_of_positive=0.5) == [2.0]
    assert one(scores, [4.0], max_score=4.0) == [4.0, 3.5, 2.0]
    assert one(scores, [4.0], rank_from=2, rank_to=3) == [4.0, 3.5]


def test_a_negative_positive_asks_for_lower_scores_too():
    """95 % of s+ = -2 would be -1.9, above it; the margin goes down instead."""
    assert one([-1.0, -2.0, -3.0], [-2.0], percentage_of_positive=0.5) == [-3.0]
    assert one([-1.0, -2.0, -3.0], [-2.0], relative_margin=0.5) == [-3.0]


def test_the_lowest_label_counts_and_an_unknown_one_does_not():
    assert one([5.0, 3.0, 1.0], [4.0, 2.0], absolute_margin=0.0) == [1.0]
    assert one([5.0, 3.0, 1.0], [4.0, float("nan")], absolute_margin=0.0) == [3.0, 1.0]
    assert one([5.0, 3.0, 1.0], [float("nan")], absolute_margin=0.0) == [5.0, 3.0, 1.0]


def test_log_weights_move_with_their_candidates():
    labels = Labels(np.zeros(1, np.int32), np.array([0, 1]), np.zeros(1, np.int32), np.ones(1, np.int16))
    pool = Pool(
        np.array([[5, 6, 7]], np.int32),
        np.array([[3, 2, 1]], np.float32),
        np.zeros(1, np.float32),
        np.array([[1, 4, 2]], np.uint8),
        np.zeros(1, np.int32),
        np.array([[0.1, 0.2, 0.3]], np.float32),
    )
    left = filter_pool(pool, labels, FilterConfig(rank_from=2))
    np.testing.assert_allclose(left.log_weights, [[0.2, 0.3, -np.inf]])
    assert left.sources.tolist() == [[4, 2, 0]]


def test_no_filter_is_the_same_pool():
    labels = Labels(np.zeros(1, np.int32), np.array([0, 1]), np.zeros(1, np.int32), np.ones(1, np.int16))
    pool = Pool.of(np.array([[1]], np.int32), np.ones((1, 1), np.float32), np.zeros(1, np.float32), "ann", 0)
    assert filter_pool(pool, labels, FilterConfig()) is pool


def test_a_filter_that_leaves_nobody_anything_is_refused_by_name():
    empty = Pool.of(np.full((3, 2), -1, np.int32), np.zeros((3, 2)), np.zeros(3), "ann", 0)
    with pytest.raises(
        ConfigError, match=r"negatives.filter: absolute_margin 50 leaves none of 3 queries.*loosen"
    ):
        refuse_empty(empty, FilterConfig(absolute_margin=50))
    refuse_empty(empty, FilterConfig())  # without a filter it is BM25 that found nothing


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"filter": {"rank_from": 5, "rank_to": 2}}, r"filter.rank_from: 5 lies behind rank_to 2"),
        (
            {"filter": {"rank_to": 500}},
            r"filter: ranks 1 to 500 reach beyond the pool.*pool_depth \(now 200\)",
        ),
        ({"filter": {"percentage_of_positive": 1.5}}, r"filter.percentage_of_positive: 1.5 given"),
        ({"filter": {"margin": 1}}, r"filter.margin: no such setting"),
        ({"shares": {"bm52": 1}}, r"shares.bm52: no such setting; did you mean.*bm25"),
        ({"shares": {"bm25": -1}}, r"shares.bm25: -1 given"),
    ],
)
def test_settings_out_of_range_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        parse(NegativesConfig, values)
