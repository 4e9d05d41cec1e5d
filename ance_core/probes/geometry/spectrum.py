"""How many dimensions a set of vectors uses: spectrum, effective rank, participation ratio, IsoScore.

    effective rank       exp(-sum_i p_i log p_i),  p_i = s_i / sum s    s: singular values, not centred
    participation ratio  (sum_i v_i)^2 / sum_i v_i^2                    v: variances along principal components
    IsoScore             (participation ratio - 1) / (D - 1)

Effective rank: Roy and Vetterli 2007, EUSIPCO. Not centred, so that vectors which all point one way have rank
1. IsoScore: Rudman, Gillman, Rayne and Eickhoff 2022, Findings of ACL, 0 for variance along one line and 1 for
the same variance in every direction. The paper arrives there by way of an isotropy defect
delta = ||sqrt(D) v / ||v|| - 1|| / sqrt(2 (D - sqrt(D))) and a share of dimensions
phi = (D - delta^2 (D - sqrt(D)))^2 / D^2. Put in, with s = sum v / ||v||: delta^2 (D - sqrt(D)) = D - sqrt(D) s,
so phi = s^2 / D, the participation ratio divided by D, and IsoScore = (D phi - 1) / (D - 1) is the line above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Spectrum:
    """singular: (D,) singular values / sqrt(n), not centred; variances: (D,) of the centred vectors; descending."""

    singular: np.ndarray
    variances: np.ndarray

    @property
    def effective_rank(self) -> float:
        """Between 1 and D; NaN where every vector is zero."""
        total = self.singular.sum()
        if total <= 0:
            return float("nan")
        p = self.singular[self.singular > 0] / total
        return float(np.exp(-(p * np.log(p)).sum()))

    @property
    def participation_ratio(self) -> float:
        """Between 1 and D; NaN where all vectors are equal."""
        squares = (self.variances**2).sum()
        return float(self.variances.sum() ** 2 / squares) if squares > 0 else float("nan")

    @property
    def isoscore(self) -> float:
        """Between 0 and 1; NaN where all vectors are equal, or in one dimension."""
        dims = len(self.variances)
        return (self.participation_ratio - 1) / (dims - 1) if dims > 1 else float("nan")


def spectrum(vectors: np.ndarray) -> Spectrum:
    """The spectrum of `vectors` (n, D), from D x D moments in float64: linear in n."""
    exact = vectors.astype(np.float64)
    scale = (
        float(np.abs(exact).max(initial=0.0)) or 1.0
    )  # squares of extreme entries would over- or underflow
    exact /= scale
    mean = exact.mean(axis=0)
    centred = exact - mean
    second = centred.T @ centred / len(exact)
    noise = len(mean) * np.finfo(np.float64).eps
    variances = _eigenvalues(second, noise * float(mean @ mean))
    moments = _eigenvalues(second + np.outer(mean, mean), 0.0)
    return Spectrum(np.sqrt(moments) * scale, variances * scale**2)


def _eigenvalues(matrix: np.ndarray, noise: float) -> np.ndarray:
    """Descending, what rounding left below zero or below `noise` set to 0."""
    values = np.linalg.eigvalsh(matrix)[::-1]
    floor = max(noise, len(values) * np.finfo(np.float64).eps * float(values[0]))
    return np.where(values > floor, values, 0.0)
