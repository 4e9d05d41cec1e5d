"""A ranking: the best documents of each query, in an order that never depends on chance.

Equal scores are ordered by document row, the lower row first, everywhere in the package. Without such a rule
two documents with the same text swap places between machines, and a pool of candidates with them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_CELLS = 4_000_000  # of one block of work: 32 MB of 64-bit keys
_SIGN = np.int32(0x7FFFFFFF)


class Ranking(NamedTuple):
    """The K best documents of Q queries, best first.

    docs:   (Q, K) int32 rows of documents; -1 where a query has fewer than K results, always at the end
    scores: (Q, K) float32, falling along a row; -inf beside a -1
    """

    docs: np.ndarray
    scores: np.ndarray

    def first(self, depth: int) -> Ranking:
        """The ranking cut to its first `depth` columns."""
        return Ranking(self.docs[:, :depth], self.scores[:, :depth])


def block_rows(width: int) -> int:
    """How many rows of `width` columns to work on at once so that a block stays within a few tens of MB."""
    return max(1, _CELLS // max(1, width))


def top_k(scores: np.ndarray, k: int) -> Ranking:
    """The k best columns of each row of `scores` (Q, N) float32; higher score first, then lower column.

    A cell of -inf is no candidate: the ranking shows -1 in its place. So are rows shorter than k padded.

    Each score and its column are packed into one 64-bit integer that sorts like (score, -column). No two of
    these are equal, so a partition picks the same set whatever its pivots; and numpy partitions integers with
    vector instructions, faster than it can `argpartition` the scores, which would leave ties to chance.

    Raises ValueError on NaN: it has no place in an order.
    """
    if np.isnan(scores).any():
        raise ValueError("scores hold NaN, which has no rank")
    n_rows, n_columns = scores.shape
    docs = np.full((n_rows, k), -1, np.int32)
    values = np.full((n_rows, k), -np.inf, np.float32)
    kept = min(k, n_columns)
    for start in range(0, n_rows if kept else 0, block_rows(n_columns)):
        block = slice(start, start + block_rows(n_columns))
        keys = _pack(scores[block])
        keys.partition(n_columns - kept, axis=1)
        best = np.sort(keys[:, n_columns - kept :], axis=1)[:, ::-1]
        docs[block, :kept], values[block, :kept] = _unpack(best, n_columns)
    docs[values == -np.inf] = -1
    return Ranking(docs, values)


def best_distinct(docs: np.ndarray, scores: np.ndarray, k: int) -> Ranking:
    """The k best different documents of each row of (docs, scores) (Q, C); a repeated one counts with its best score.

    docs are -1 where there is none; ties as in `top_k`.
    """
    order = np.lexsort((-scores, docs), axis=1)
    docs, scores = np.take_along_axis(docs, order, axis=1), np.take_along_axis(scores, order, axis=1)
    first = docs >= 0
    first[:, 1:] &= docs[:, 1:] != docs[:, :-1]
    best = top_k(np.where(first, scores, -np.inf), k)
    at = np.maximum(best.docs, 0).astype(np.int64)
    return Ranking(np.where(best.docs >= 0, np.take_along_axis(docs, at, axis=1), -1), best.scores)


def _pack(scores: np.ndarray) -> np.ndarray:
    """(B, N) float32 -> (B, N) int64 that order like (score, -column)."""
    bits = (np.asarray(scores, np.float32) + np.float32(0)).view(np.int32)  # adding 0 makes -0.0 equal to 0.0
    ordered = bits ^ (
        (bits >> 31) & _SIGN
    )  # IEEE floats order like sign-magnitude integers; to two's complement
    columns = np.arange(scores.shape[1] - 1, -1, -1, dtype=np.int64)
    return (ordered.astype(np.int64) << 32) | columns


def _unpack(keys: np.ndarray, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
    columns = (n_columns - 1 - (keys & 0xFFFFFFFF)).astype(np.int32)
    ordered = (keys >> 32).astype(np.int32)
    return columns, (ordered ^ ((ordered >> 31) & _SIGN)).view(np.float32)


def sort_ties(ranking: Ranking) -> Ranking:
    """The same results with equal scores ordered by document row; rows must be sorted by score already."""
    docs, scores = ranking
    tied = np.flatnonzero((scores[:, 1:] == scores[:, :-1]).any(axis=1))
    if tied.size:
        # -1 is padding with the score -inf: as an unsigned number it is the largest, and stays at the end.
        order = np.lexsort((docs[tied].view(np.uint32), -scores[tied]), axis=1)
        docs = docs.copy()
        docs[tied] = np.take_along_axis(docs[tied], order, axis=1)
    return Ranking(docs, scores)


def leave_out(ranking: Ranking, own: np.ndarray | None, depth: int) -> Ranking:
    """`ranking` without the document `own` (Q,) of each query, -1 for none; cut to `depth` columns.

    To fill it, search for one more than `depth`.
    """
    if own is None:
        return ranking.first(depth)
    has = own >= 0
    return without(ranking, np.concatenate([[0], np.cumsum(has)]), own[has], depth)


def without(ranking: Ranking, labels_indptr: np.ndarray, labels_docs: np.ndarray, depth: int) -> Ranking:
    """`ranking` without the judged positives of each query: the candidates from which negatives are drawn.

    ranking:        (Q, K)
    labels_indptr:  (Q + 1,) the documents of row i are labels_docs[labels_indptr[i]:labels_indptr[i + 1]]
    labels_docs:    (M,) document rows, unique within a query
    Returns (Q, depth): what is left, in the old order, packed to the left, padded with -1. To fill it, search
    `depth` plus the most labels a query has.
    """
    docs, scores = ranking
    keep = docs >= 0
    rows = np.repeat(np.arange(len(docs)), np.diff(labels_indptr))  # (M,) the ranking row of each label
    for start in range(0, len(rows), block_rows(docs.shape[1])):
        block = slice(start, start + block_rows(docs.shape[1]))
        label, column = np.nonzero(docs[rows[block]] == labels_docs[block, None])
        keep[rows[block][label], column] = False

    place = np.cumsum(keep, axis=1, dtype=np.int32) - 1  # (Q, K) column after packing, where kept
    row, column = np.nonzero(keep & (place < depth))
    packed = Ranking(
        np.full((len(docs), depth), -1, np.int32), np.full((len(docs), depth), -np.inf, np.float32)
    )
    target = (row, place[row, column])
    packed.docs[target] = docs[row, column]
    packed.scores[target] = scores[row, column]
    return packed
