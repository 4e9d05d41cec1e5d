"""Hubness: do a few vectors stand in everybody's list of nearest neighbours?

    N_k(x) = how many of the askers have x among their k nearest
    hubness = skewness of N_k = E[(N_k - mean)^3] / sd^3

(Radovanovic, Nanopoulos and Ivanovic 2010, JMLR 11; k = 10 there.) 0 for an even spread; above 2 a few hubs take
most places, and hard negatives drawn from such lists are the same few documents again and again. Asked both
ways: documents in the lists of queries, and queries in the lists of documents.
"""

from __future__ import annotations

import numpy as np

from .estimate import LIMIT, NORMAL_95, NOTHING, Estimate, sample_rows

K = 10


def k_occurrence(scores: np.ndarray, k: int) -> np.ndarray:
    """How often each column is among the k largest of a row: scores (A, T) -> (T,), int64.

    Columns that tie for the k-th place all count, so that equal vectors are no hubs.
    """
    k = min(k, scores.shape[1])
    kth = np.partition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k]
    return (scores >= kth[:, None]).sum(axis=0)


def hubness(
    askers: np.ndarray, targets: np.ndarray, k: int = K, limit: int = LIMIT, seed: int = 0
) -> tuple[Estimate, Estimate]:
    """Skewness of the k-occurrence of `targets` (T, D) among `askers` (A, D) by inner product, and the other way.

    Above `limit` rows a side is a sample of so many; the interval then is that over the rows that are counted.
    """
    left = askers[sample_rows(len(askers), limit, "hubness, askers", seed)]
    right = targets[sample_rows(len(targets), limit, "hubness, targets", seed)]
    scores = left @ right.T
    sampled = len(left) < len(askers) or len(right) < len(targets)
    there, back = k_occurrence(scores, k), k_occurrence(right @ left.T, k)
    return skewness(there, sampled), skewness(back, sampled)


def skewness(counts: np.ndarray, sampled: bool = False) -> Estimate:
    """Third standardised moment; 0 where all counts are equal. The interval is by its influence function."""
    if len(counts) < 3:
        return NOTHING
    gaps = counts - counts.mean()
    spread = gaps.std()
    if spread == 0:
        return Estimate(0.0)
    z = gaps / spread
    value = float((z**3).mean())
    if not sampled:
        return Estimate(value)
    influence = z**3 - value - 3 * z - 1.5 * value * (z**2 - 1)
    return Estimate(value, NORMAL_95 * float(np.sqrt((influence**2).mean() / len(z))))
