"""Measures by hand, against the definitions written out slowly, and where trec_eval would reorder ties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ance_core.data import Qrels
from ance_core.errors import ConfigError
from ance_core.retrieval import Ranking, evaluate


def ranked(*rows, width=None):
    width = width or max(map(len, rows))
    docs = np.array([[*row, *[-1] * (width - len(row))] for row in rows], np.int32)
    return Ranking(docs, np.where(docs >= 0, 1.0, -np.inf).astype(np.float32))  # all scores tie


def labels_of(*judged):
    """Each argument: {document: grade} of one query."""
    rows = [(q, d, g) for q, grades in enumerate(judged) for d, g in grades.items()]
    return Qrels.of(*zip(*rows, strict=True)).labels()


def test_by_hand():
    labels = labels_of({5: 1}, {3: 2, 8: 1}, {1: 1})
    found = ranked([9, 5, 7], [8, 0, 3], [2, 4, 6])
    values = evaluate(found, labels, n_docs=3, measures=["nDCG@10", "RR@10", "R@2", "Success@1"])
    log2 = math.log2
    ideal = 2 / log2(2) + 1 / log2(3)
    assert values["nDCG@10"].tolist() == pytest.approx([1 / log2(3), (1 / log2(2) + 2 / log2(4)) / ideal, 0])
    assert values["RR@10"].tolist() == [1 / 2, 1, 0]
    assert values["R@2"].tolist() == [1, 1 / 2, 0]
    assert values["Success@1"].tolist() == [0, 1, 0]
    assert values.mean()["RR@10"] == pytest.approx(0.5)


def test_rank_eleven_does_not_count_at_ten():
    found = ranked(list(range(20)), list(range(20)))
    values = evaluate(found, labels_of({10: 1}, {9: 1}), 20, ["RR@10", "nDCG@10"])
    assert values["RR@10"].tolist() == [0, 1 / 10]
    assert values["nDCG@10"].tolist() == pytest.approx([0, 1 / math.log2(11)])


@pytest.mark.parametrize("order", [[2, 10, 9, 1], [1, 9, 10, 2], [10, 2, 1, 9]])
def test_ties_stay_in_our_order(order):
    """trec_eval orders equal scores by id, as text, backwards (9, 2, 10, 1): not what was ranked."""
    judged = [{doc: 1} for doc in order]
    values = evaluate(ranked(*[order] * 4), labels_of(*judged), 4, ["RR@10", "Success@1"])
    assert values["RR@10"].tolist() == [1, 1 / 2, 1 / 3, 1 / 4]
    assert values["Success@1"].tolist() == [1, 0, 0, 0]


def test_rows_stand_in_the_order_of_the_labels():
    labels = Qrels.of(range(30), range(30), [1] * 30).labels()
    docs = np.tile(np.arange(30, dtype=np.int32), (30, 1))
    values = evaluate(Ranking(docs, -docs.astype(np.float32)), labels, 30, ["RR"])
    assert values.index.tolist() == list(range(30))
    assert values["RR"].tolist() == pytest.approx([1 / (i + 1) for i in range(30)])


def test_query_rows_are_the_index():
    labels = Qrels.of([4, 17], [0, 1], [1, 1]).labels()
    values = evaluate(ranked([0, 1], [0, 1]), labels, 2, ["RR@10"])
    assert values.index.tolist() == [4, 17]
    assert values["RR@10"].tolist() == [1, 0.5]


def test_a_query_without_results_scores_zero():
    values = evaluate(ranked([], [0], width=5), labels_of({0: 1}, {0: 1}), 5)
    assert values.iloc[0].tolist() == [0, 0, 0, 0]
    assert values.iloc[1].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("n_docs", "depth", "has"),
    [(1000, 1000, False), (1001, 1000, True), (5000, 100, False), (1001, 1001, True)],
)
def test_recall_at_1000_where_it_says_something(n_docs, depth, has):
    values = evaluate(ranked(list(range(depth))), labels_of({0: 1}), n_docs)
    assert ("R@1000" in values) == has
    assert list(values)[:3] == ["nDCG@10", "RR@10", "R@100"]


def test_refusals():
    labels = labels_of({0: 1})
    with pytest.raises(ConfigError, match="no 'recall@10' in ir-measures"):
        evaluate(ranked([0]), labels, 1, ["recall@10"])
    with pytest.raises(ConfigError, match="stops at 3 of 50 documents: search with k=10"):
        evaluate(ranked([0, 1, 2]), labels, 50, ["RR@10"])
    with pytest.raises(ConfigError, match="2 rows for 1 judged"):
        evaluate(ranked([0], [1]), labels, 1)


def slow(docs, grades, measure, cutoff):
    found = [grades.get(d, 0) for d in docs if d >= 0][:cutoff]
    if measure == "nDCG":
        dcg = sum(g / math.log2(r + 2) for r, g in enumerate(found))
        best = sorted(grades.values(), reverse=True)[:cutoff]
        return dcg / sum(g / math.log2(r + 2) for r, g in enumerate(best))
    if measure == "RR":
        return next((1 / (r + 1) for r, g in enumerate(found) if g), 0)
    if measure == "R":
        return sum(g > 0 for g in found) / len(grades)
    return float(any(found))


@given(st.data(), st.integers(1, 5), st.integers(1, 12))
def test_against_the_definitions(data, n_queries, width):
    rows = [
        data.draw(st.permutations(range(15)))[: data.draw(st.integers(0, width))] for _ in range(n_queries)
    ]
    grade = st.dictionaries(st.integers(0, 14), st.integers(1, 3), min_size=1)
    judged = [data.draw(grade) for _ in range(n_queries)]
    found = ranked(*rows, width=width)
    cutoff = data.draw(st.integers(1, width))
    names = [f"{m}@{cutoff}" for m in ("nDCG", "RR", "R", "Success")]
    values = evaluate(found, labels_of(*judged), 15, names)
    for name in names:
        expected = [slow(found.docs[i], judged[i], name.split("@")[0], cutoff) for i in range(n_queries)]
        assert values[name].tolist() == pytest.approx(expected)
