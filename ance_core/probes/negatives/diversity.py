"""How many different negatives a method really uses: repeats, documents drawn again and again, effective numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Repeats:
    """again: share of draws whose (query, document) was drawn at an earlier step, or earlier in the same one.

    same_step: how often one step drew a document twice for a query. in_batch: share of draws whose document was
    drawn for another query of the same step too.
    """

    again: float
    same_step: int
    in_batch: float


def repeats(step: np.ndarray, query: np.ndarray, document: np.ndarray) -> Repeats:
    """Of all draws (n,)."""
    if not len(step):
        return Repeats(float("nan"), 0, float("nan"))
    pair = _key(query, document)
    number, of = np.unique(pair, return_inverse=True)
    _, once = np.unique(_key(step, of), return_index=True)  # one of each pair a step
    _, times = np.unique(_key(step[once], document[once]), return_counts=True)
    shared = times[times > 1].sum() / len(once)
    return Repeats(1.0 - len(number) / len(pair), len(pair) - len(once), float(shared))


def _key(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """One int64 for a pair of non-negative integers: first * (largest second + 1) + second."""
    width = int(second.max()) + 1 if len(second) else 1
    return np.asarray(first.astype(np.int64) * width + second)


def draw_counts(document: np.ndarray, n_docs: int) -> np.ndarray:
    """(n_docs,) how often each document was drawn."""
    return np.bincount(document, minlength=n_docs)


def gini(counts: np.ndarray) -> float:
    """Gini coefficient of (n,) counts: 0 where all are alike, near 1 where one has everything; nan without draws."""
    total = counts.sum()
    if not total:
        return float("nan")
    ordered = np.sort(counts)
    place = np.arange(1, len(counts) + 1)
    return float((2 * place - len(counts) - 1) @ ordered / (len(counts) * total))


def effective_documents(counts: np.ndarray) -> float:
    """(sum n)^2 / sum n^2: how many documents drawn equally often would be as diverse; nan without draws."""
    squares = np.square(counts, dtype=np.float64).sum()
    return float(np.square(counts.sum(dtype=np.float64)) / squares) if squares else float("nan")


def effective_candidates(probability: np.ndarray, window: np.ndarray, windows: int) -> np.ndarray:
    """(windows,) effective sample size of the draws in each window, from the probabilities that were stated; nan without.

    A candidate is drawn with probability p, so the mean p of what is drawn estimates sum p^2, and 1 / mean p the
    effective sample size: K for a uniform draw from K candidates. Over queries it is the harmonic mean of theirs.
    Exact in the mean for single draws; second and later negatives of one draw without replacement bias it upwards.
    """
    usable = np.isfinite(probability) & (probability > 0)
    total = np.bincount(window[usable], weights=probability[usable], minlength=windows)
    number = np.bincount(window[usable], minlength=windows)
    return np.where(number > 0, number / np.where(total > 0, total, 1.0), np.nan)
