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
from scipy.special import stdtrit

from ...rng import generator
from .estimate import Estimate, finite_share

GROUPS = 20  # of a jackknife


@dataclass(frozen=True, eq=False)
class Spectrum:
    """singular: (D,) singular values / sqrt(n), not centred; variances: (D,) of the centred vectors; descending."""

    singular: np.ndarray
    variances: np.ndarray

    @property
    def effective_rank(self) -> float:
        """Between 1 and D; NaN where every vector is zero."""
        return effective_rank(self.singular)

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
    exact, scale = _scaled(vectors)
    mean = exact.mean(axis=0)
    centred = exact - mean
    second = centred.T @ centred / len(exact)
    noise = len(mean) * np.finfo(np.float64).eps
    variances = _eigenvalues(second, noise * float(mean @ mean))
    moments = _eigenvalues(second + np.outer(mean, mean), 0.0)
    return Spectrum(np.sqrt(moments) * scale, variances * scale**2)


def effective_rank(singular: np.ndarray) -> float:
    """The effective rank of singular values (D,), in any unit; NaN where all are 0."""
    total = singular.sum()
    if total <= 0:
        return float("nan")
    p = singular[singular > 0] / total
    return float(np.exp(-(p * np.log(p)).sum()))


def effective_rank_of(vectors: np.ndarray) -> float:
    """`Spectrum.effective_rank` of `vectors` (n, D) alone, at half the price; NaN where one is not finite."""
    if not len(vectors) or not np.isfinite(vectors).all():
        return float("nan")
    exact, _ = _scaled(vectors)
    return effective_rank(np.sqrt(_eigenvalues(exact.T @ exact, 0.0)))


def effective_rank_estimate(
    vectors: np.ndarray, population: int | None = None, groups: int = GROUPS
) -> Estimate:
    """Effective rank of `vectors` (n, D) with its 95 % interval over texts, by a delete-a-group jackknife.

    The vectors are cut into `groups` groups of equal size (a fixed random cut), each is left out in turn, and from
    the ranks r_g of what remains comes the variance (G - 1) / G * sum_g (r_g - mean r)^2, with a t of G - 1 degrees
    (Kott 2001, Journal of Official Statistics 17). population: how many texts the vectors are a sample of, as in
    `mean_cosine`. The rank of n vectors is lower than that of the population, the more so the larger D / n: compare samples
    of one size. NaN below two vectors a group.
    """
    n = len(vectors)
    value = effective_rank_of(vectors)
    if n < 2 * groups or not np.isfinite(value):
        return Estimate(value, float("nan"))
    if not (share := finite_share(n, population)):
        return Estimate(value)
    exact, _ = _scaled(vectors)
    order = generator(0, "jackknife groups").permutation(n)
    moments = [exact[part].T @ exact[part] for part in np.array_split(order, groups)]
    total = np.sum(moments, axis=0)
    without = np.array([effective_rank(np.sqrt(_eigenvalues(total - own, 0.0))) for own in moments])
    error = np.sqrt((groups - 1) / groups * ((without - without.mean()) ** 2).sum())
    return Estimate(value, float(stdtrit(groups - 1, 0.975) * error * share))


def _scaled(vectors: np.ndarray) -> tuple[np.ndarray, float]:
    """In float64, divided by the largest entry, and that: squares of extreme entries would over- or underflow."""
    exact = vectors.astype(np.float64)
    scale = float(np.abs(exact).max(initial=0.0)) or 1.0
    return exact / scale, scale


def _eigenvalues(matrix: np.ndarray, noise: float) -> np.ndarray:
    """Descending, what rounding left below zero or below `noise` set to 0."""
    values = np.linalg.eigvalsh(matrix)[::-1]
    floor = max(noise, len(values) * np.finfo(np.float64).eps * float(values[0]))
    return np.where(values > floor, values, 0.0)
