"""Nearest neighbours, and how many of them are still the same at a later snapshot.

Vectors may move a long way together and nothing changes for retrieval; what counts is movement relative to the
neighbours: overlap@k = mean over rows of |neighbours before and after| / k.
"""

from __future__ import annotations

import numpy as np

from .estimate import LIMIT, NORMAL_95, NOTHING, Estimate, sample_rows

_BLOCK = 512


def nearest(askers: np.ndarray, targets: np.ndarray, k: int, same: bool = False) -> np.ndarray:
    """The k targets of largest inner product for each asker, (A, k) rows of `targets`, nearest first.

    `same`: row i of both is one text, which is not its own neighbour. Equal scores: lower row first.
    """
    k = min(k, len(targets) - int(same))
    found = np.empty((len(askers), k), np.int64)
    for first in range(0, len(askers), _BLOCK):
        scores = askers[first : first + _BLOCK] @ targets.T
        if same:
            own = np.arange(len(scores))
            scores[own, first + own] = -np.inf
        found[first : first + len(scores)] = _top(scores, k)
    return found


def _top(scores: np.ndarray, k: int) -> np.ndarray:
    if k == 0:
        return np.empty((len(scores), 0), np.int64)
    kth = np.partition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k]
    out = np.empty((len(scores), k), np.int64)
    rows, columns = np.nonzero(scores >= kth[:, None])  # ascending rows: ties beyond k are cut below
    order = np.lexsort((columns, -scores[rows, columns], rows))
    starts = np.searchsorted(rows, np.arange(len(scores)))
    for place in range(k):
        out[:, place] = columns[order[starts + place]]
    return out


class Neighbours:
    """The k nearest of a fixed sample of rows at one snapshot, to be compared with the next."""

    def __init__(self, askers: np.ndarray, targets: np.ndarray, k: int = 10, same: bool = False) -> None:
        rows = sample_rows(len(askers), LIMIT // 2, "neighbours, askers")
        self.sampled = len(rows) < len(askers) or len(targets) > LIMIT
        if same:  # targets are the askers; the sampled ones must stay among them
            columns = np.union1d(rows, sample_rows(len(targets), LIMIT, "neighbours, targets"))
            lists = nearest(targets[columns][np.searchsorted(columns, rows)], targets[columns], k + 1)
            self.lists = _without(columns[lists], rows, k)
        else:
            columns = sample_rows(len(targets), LIMIT, "neighbours, targets")
            self.lists = columns[nearest(askers[rows], targets[columns], k)]

    def overlap(self, before: Neighbours) -> Estimate:
        """overlap@k with an earlier snapshot of the same texts."""
        if self.lists.shape != before.lists.shape or not self.lists.size:
            return NOTHING
        shares = (self.lists[:, :, None] == before.lists[:, None, :]).any(axis=2).mean(axis=1)
        if not self.sampled or len(shares) < 2:
            return Estimate(float(shares.mean()))
        return Estimate(
            float(shares.mean()), NORMAL_95 * float(shares.std(ddof=1)) / float(np.sqrt(len(shares)))
        )


def _without(lists: np.ndarray, own: np.ndarray, k: int) -> np.ndarray:
    """Each row of `lists` (A, k + 1) without its own text, or without its last where that is not among them."""
    mine = lists == own[:, None]
    mine[~mine.any(axis=1), -1] = True
    return lists[~mine].reshape(len(lists), -1)[:, :k]
