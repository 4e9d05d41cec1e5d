"""Effectiveness: how well a ranking puts the relevant documents first, per query, through ir-measures.

Means come second, `evaluate(...).mean()`: the per-query values are what two runs are compared by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import ir_measures
import numpy as np
import pandas as pd

from ..errors import ConfigError
from .ranking import Ranking

if TYPE_CHECKING:
    from ..data.dataset import Labels

DEFAULT = ("nDCG@10", "RR@10", "R@100", "R@1000", "Success@1")


def default_measures(n_docs: int, depth: int) -> list[str]:
    """DEFAULT, without R@1000 where it is always 1 (n_docs <= 1000) or cannot be told (depth < 1000)."""
    return [name for name in DEFAULT if name != "R@1000" or (n_docs > 1000 and depth >= 1000)]


def evaluate(
    ranking: Ranking, labels: Labels, n_docs: int, measures: Sequence[str] | None = None
) -> pd.DataFrame:
    """One row a query, one column a measure; rows stand in the order of `labels.queries` (the index).

    ranking:  (Q, K), row i belonging to labels.queries[i]
    n_docs:   documents that were searched
    measures: names of ir-measures ("RR@10"); by default `default_measures`

    nDCG takes the grade as the gain (trec_eval's linear gain); for the other measures grade >= 1 is relevant.
    A query without results scores 0.

    Raises ConfigError on an unknown measure, or one that looks deeper than the ranking goes.
    """
    n_queries, depth = ranking.docs.shape
    if n_queries != len(labels.queries):
        raise ConfigError(
            f"ranking: {n_queries} rows for {len(labels.queries)} judged queries: search these queries"
        )
    names = default_measures(n_docs, depth) if measures is None else list(measures)
    column_of = {_parse(name, depth, n_docs): column for column, name in enumerate(names)}
    qrels = _qrels(labels)
    values = np.zeros((n_queries, len(names)))
    for cutoff, group in _by_cutoff(column_of, depth).items():
        for metric in ir_measures.iter_calc(group, qrels, _run(ranking.first(cutoff))):
            values[int(metric.query_id), column_of[metric.measure]] = metric.value
    return pd.DataFrame(values, index=pd.Index(labels.queries, name="query"), columns=names)


def _parse(name: str, depth: int, n_docs: int) -> ir_measures.Measure:
    try:
        measure = ir_measures.parse_measure(name)
    except (NameError, ValueError):
        raise ConfigError(f"measure: no {name!r} in ir-measures; try {', '.join(DEFAULT)}") from None
    cutoff = measure.params.get("cutoff") or depth
    if cutoff > depth and depth < n_docs:
        raise ConfigError(
            f"{name}: the ranking stops at {depth} of {n_docs} documents: search with k={cutoff}"
        )
    return measure


def _by_cutoff(measures: Iterable[ir_measures.Measure], depth: int) -> dict[int, list[ir_measures.Measure]]:
    """Measures that need equally many documents: RR@10 need not walk through the 1,000 of R@1000."""
    groups: dict[int, list[ir_measures.Measure]] = {}
    for measure in measures:
        groups.setdefault(measure.params.get("cutoff") or depth, []).append(measure)
    return groups


def _qrels(labels: Labels) -> dict[str, dict[str, int]]:
    docs = list(map(str, labels.docs.tolist()))
    grades = labels.grades.tolist()
    ends = labels.indptr.tolist()
    return {
        str(i): dict(zip(docs[start:end], grades[start:end], strict=True))
        for i, (start, end) in enumerate(pairwise(ends))
    }


def _run(ranking: Ranking) -> dict[str, dict[str, float]]:
    """The ranks as scores: K for the first document, down to 1.

    Our scores would not do. trec_eval breaks their ties by document id, as text and backwards, and so would
    measure another order than the one the ranking has.
    """
    depth = ranking.docs.shape[1]
    scores = [float(depth - rank) for rank in range(depth)]
    found = (ranking.docs >= 0).sum(axis=1).tolist()
    return {
        str(i): dict(zip(map(str, docs[:n]), scores[:n], strict=True))
        for i, (docs, n) in enumerate(zip(ranking.docs.tolist(), found, strict=True))
    }
