"""Anisotropy: how much all vectors point one way.

    mean cosine = (||sum_i u_i||^2 - n) / (n (n - 1)),   u_i unit vectors

the mean over all pairs of different vectors, exact and linear in n (Ethayarajh 2019, EMNLP, uses a sample of
pairs). Near 0 where directions are spread evenly, near 1 where all vectors lie in a narrow cone. DANCE (Li et
al. 2021) reads the anisotropy of the queries from it.
"""

from __future__ import annotations

import numpy as np

from .estimate import NORMAL_95, NOTHING, Estimate, finite_share, pair_mean_error, sample_rows

BINS = np.linspace(-1.0, 1.0, 81)
PAIRS = 200_000


def mean_cosine(units: np.ndarray, population: int | None = None) -> Estimate:
    """Mean cosine over all pairs of `units` (n, D), unit vectors; NaN below two.

    The value is exact for the given vectors. The interval is that of the mean over the `population` which
    they are a sample of (None: a large one), so it is 0 where they are all of it.
    """
    n = len(units)
    if n < 2:
        return NOTHING
    total = units.sum(axis=0, dtype=np.float64)
    rows = (units @ total.astype(units.dtype) - 1.0) / (n - 1)  # (n,) mean cosine of each with the others
    value = (float(total @ total) - n) / (n * (n - 1))
    gram = units.T @ units  # sum of squared cosines = ||U^T U||_F^2
    squares = (float((gram.astype(np.float64) ** 2).sum()) - n) / (n * (n - 1))
    error = pair_mean_error(rows, max(0.0, squares - value**2))
    share = finite_share(n, population)
    return Estimate(value, NORMAL_95 * error * share if share else 0.0)


def mean_cosine_of(vectors: np.ndarray) -> float:
    """The value of `mean_cosine` for `vectors` (n, D) of any length, without its interval, and quickly.

    Zero vectors are left out; NaN where a vector is not finite, or fewer than two are left.
    """
    array = np.asarray(vectors, np.float32)
    norms = np.sqrt(np.einsum("nd,nd->n", array, array))
    if not np.isfinite(norms).all():
        return float("nan")
    n = int((norms > 0).sum())
    if n < 2:
        return float("nan")
    total = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0) @ array
    exact = total.astype(np.float64)
    return (float(exact @ exact) - n) / (n * (n - 1))


def cosine_histogram(units: np.ndarray, other: np.ndarray | None = None, seed: int = 0) -> np.ndarray:
    """Density, (80,), of cosines over `BINS`: of pairs of different `units`, or of `units` with `other`.

    All pairs where there are at most PAIRS of them, else so many drawn with replacement.
    """
    cosines = _pairs(units, units if other is None else other, other is None, seed)
    counts, _ = np.histogram(np.clip(cosines, -1.0, 1.0), BINS)
    return counts / max(1, counts.sum()) / np.diff(BINS)


def _pairs(left: np.ndarray, right: np.ndarray, same: bool, seed: int) -> np.ndarray:
    if not len(left) or not len(right) or (same and len(left) < 2):
        return np.empty(0, np.float32)
    if len(left) * len(right) <= PAIRS:
        cosines = left @ right.T
        return cosines[np.triu_indices(len(left), 1)] if same else cosines.ravel()
    # a few rows against a few others: as many pairs from one matrix product
    side = int(np.sqrt(PAIRS))
    rows = sample_rows(len(left), side if not same else 2 * side, "cosine pairs, left", seed)
    if same:
        rows = np.random.default_rng(seed).permutation(rows)
        half = len(rows) // 2
        return (left[rows[:half]] @ left[rows[half:]].T).ravel()
    columns = sample_rows(len(right), PAIRS // len(rows), "cosine pairs, right", seed)
    return (left[rows] @ right[columns].T).ravel()
