"""Alignment and uniformity (Wang and Isola 2020, ICML): relevant pairs close, all others spread out.

    alignment(alpha)  = mean over relevant pairs of ||x - y||^alpha
    uniformity(t)     = log mean over i != j of exp(-t ||x_i - x_j||^2)

Published: alpha = 2; t = 2 in the paper, t = 5 in DANCE's code (models.py:25-28). Values for different t cannot
be compared, so t is always stated. On unit vectors in many dimensions the best uniformity for t = 2 is near -4;
0 is complete collapse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .estimate import LIMIT, NORMAL_95, NOTHING, Estimate, pair_mean_error, sample_rows

_BLOCK = 512


def alignment(left: np.ndarray, right: np.ndarray, alpha: float = 2.0) -> Estimate:
    """Mean of ||left_i - right_i||^alpha over pairs, both (m, D), with its 95 % interval over pairs."""
    if not len(left):
        return NOTHING
    gaps = np.linalg.norm(left.astype(np.float64) - right, axis=1) ** alpha
    half = NORMAL_95 * float(gaps.std(ddof=1)) / np.sqrt(len(gaps)) if len(gaps) > 1 else float("nan")
    return Estimate(float(gaps.mean()), float(half))


def uniformity(vectors: np.ndarray, t: float = 2.0, limit: int = LIMIT, seed: int = 0) -> Estimate:
    """log mean exp(-t d^2) over pairs of `vectors` (n, D), of any length; NaN below two.

    Works in log space: on vectors that leave a LayerNorm, exp(-t d^2) underflows for every pair. Above `limit`
    rows it looks at a sample of so many and gives the interval of the mean, carried to the logarithm.
    """
    return uniformities(vectors, (t,), limit, seed)[0]


def uniformities(
    vectors: np.ndarray, ts: Sequence[float], limit: int = LIMIT, seed: int = 0
) -> list[Estimate]:
    """`uniformity` for several t at the price of one set of distances."""
    n = len(vectors)
    if n < 2:
        return [NOTHING for _ in ts]
    rows = sample_rows(n, limit, "uniformity", seed)
    kernels = [Kernel(t, np.zeros(len(rows))) for t in ts]
    for first, block in _squared_distances(_centred(vectors[rows])):
        for kernel in kernels:
            kernel.add(first, block)
    return [kernel.estimate(sampled=len(rows) < n) for kernel in kernels]


@dataclass
class Kernel:
    """Sums of exp(-t (d^2 - shift)): by row, and of squares. shift: the smallest d^2 so far, so one term is 1."""

    t: float
    sums: np.ndarray
    squares: float = 0.0
    shift: float = np.inf

    def add(self, first: int, block: np.ndarray) -> None:
        """Take in (b, n) squared distances of the rows from `first` on to all; infinity stands for no pair."""
        if (least := float(block.min())) < self.shift:
            factor = float(np.exp(self.t * (least - self.shift)))  # what was summed so far, on the new scale
            self.sums *= factor
            self.squares, self.shift = self.squares * factor**2, least
        values = np.exp(self.t * (self.shift - block))
        self.sums[first : first + len(block)] = values.sum(axis=1, dtype=np.float64)
        self.squares += float(np.vdot(values, values))

    def estimate(self, sampled: bool) -> Estimate:
        """The logarithm of the mean, with its interval where the rows are a sample."""
        m = len(self.sums)
        mean = float(self.sums.sum()) / (m * (m - 1))
        value = float(np.log(mean)) - self.t * self.shift
        if not sampled:
            return Estimate(value)
        variance = max(0.0, self.squares / (m * (m - 1)) - mean**2)
        return Estimate(value, NORMAL_95 * pair_mean_error(self.sums / (m - 1), variance) / mean)


def _centred(vectors: np.ndarray) -> np.ndarray:
    """Distances are those of centred vectors, whose squares lose less when they are subtracted below.

    float32 is enough for unit vectors (1e-6 in d^2); long ones are taken in float64.
    """
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    short = float(np.abs(centred).max(initial=0.0)) <= 2.0
    return centred.astype(np.float32) if short else centred


def _squared_distances(vectors: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(first row, (b, n) squared distances of b rows to all), a row's own set to infinity."""
    norms = (vectors**2).sum(axis=1)
    for first in range(0, len(vectors), _BLOCK):
        block = vectors[first : first + _BLOCK]
        squared = (-2.0 * block) @ vectors.T
        squared += norms[None, :]
        squared += norms[first : first + _BLOCK, None]
        np.maximum(squared, 0.0, out=squared)
        squared[np.arange(len(block)), first + np.arange(len(block))] = np.inf
        yield first, squared
