"""Positive-aware filters of a pool: candidates that score too close to the positive are likely unjudged positives.

A candidate with score s, for a query whose positive scores s+, stays if all of these hold that are set:

    rank window             rank_from <= rank <= rank_to          1 is the best candidate
    max score               s <= max_score
    absolute margin m       s <= s+ - m
    relative margin m       s <= s+ - m |s+|                      m (s+) of itself below, where s+ > 0
    percentage p            s <= s+ - (1 - p) |s+|                p s+, where s+ > 0

The last three are the margins of sentence-transformers' `mine_hard_negatives` and of NV-Retriever (Moreira et al.
2024, TopK-MarginPos and TopK-PercPos). With |s+|, a negative s+ asks for lower candidates too: p s+ would be
above s+ there and let everything through. Of several labels the lowest score counts, which is the safest.
Queries whose labels have no score keep what the margins would judge; rank window and max score still hold.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..config import FilterConfig
from ..data.dataset import Labels
from ..errors import ConfigError
from .base import Pool


def lowest_label_scores(label_scores: np.ndarray, labels: Labels) -> np.ndarray:
    """(Q,) the lowest known score of each query's labels; nan where none is known."""
    lowest = np.fmin.reduceat(label_scores, labels.indptr[:-1])
    return np.asarray(lowest)


def ceilings(positive: np.ndarray, filters: FilterConfig) -> np.ndarray:
    """(Q,) float64 the highest score that a candidate may have; +inf where nothing limits it.

    positive: (Q,) score of the positive, nan where unknown.
    """
    positive = positive.astype(np.float64)
    size = np.abs(positive)
    limits = [np.full(len(positive), np.inf if filters.max_score is None else filters.max_score)]
    if filters.absolute_margin is not None:
        limits.append(positive - filters.absolute_margin)
    if filters.relative_margin is not None:
        limits.append(positive - filters.relative_margin * size)
    if filters.percentage_of_positive is not None:
        limits.append(positive - (1 - filters.percentage_of_positive) * size)
    return np.asarray(np.fmin.reduce(limits))  # fmin: an unknown limit does not limit


def kept(pool: Pool, labels: Labels, filters: FilterConfig) -> np.ndarray:
    """(Q, K) bool: the candidates that stay."""
    rank = np.arange(1, pool.docs.shape[1] + 1)
    window = (rank >= filters.rank_from) & (rank <= (filters.rank_to or len(rank)))
    ceiling = ceilings(lowest_label_scores(pool.label_scores, labels), filters)
    return (pool.docs >= 0) & window & (pool.scores <= ceiling[:, None])


def pack_left(array: np.ndarray, keep: np.ndarray, empty: float) -> np.ndarray:
    """Rows of (Q, K) with the cells to keep moved left, in order, and `empty` behind them."""
    packed = np.full_like(array, empty)
    row, column = np.nonzero(keep)
    packed[row, np.cumsum(keep, axis=1)[row, column] - 1] = array[row, column]
    return packed


def filter_pool(pool: Pool, labels: Labels, filters: FilterConfig) -> Pool:
    """The pool without the candidates that the filters take out. Ranks are counted anew.

    labels: of the pool's queries, in its order.
    """
    if not filters.given():
        return pool
    keep = kept(pool, labels, filters)
    weights = pool.log_weights
    return replace(
        pool,
        docs=pack_left(pool.docs, keep, -1),
        scores=pack_left(pool.scores, keep, -np.inf),
        sources=pack_left(pool.sources, keep, 0),
        log_weights=None if weights is None else pack_left(weights, keep, -np.inf),
    )


def refuse_empty(pool: Pool, filters: FilterConfig) -> None:
    """Raise ConfigError where no query has a candidate left."""
    if filters.given() and not pool.sizes.any():
        settings = ", ".join(f"{name} {value:g}" for name, value in filters.given().items())
        raise ConfigError(
            f"negatives.filter: {settings} leaves none of {len(pool.docs)} queries a candidate; loosen it"
        )
