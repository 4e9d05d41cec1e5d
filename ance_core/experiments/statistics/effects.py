"""How much better one method is than another over the same seeds and queries, and Holm's correction of several such p."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...errors import ConfigError
from .crossed import (
    Components,
    CrossedMean,
    components,
    crossed_mean,
    interval,
    p_of,
    scope_of,
    standard_error,
)

_ROUNDING = 1e-9  # of a mean over seeds; measures differ by far more or not at all


@dataclass(frozen=True)
class Effect:
    """How much better `a` is than `b` over the same seeds and queries.

    error, freedom: standard error of the difference and its degrees of freedom (crossed-variance t).
    of_seeds, of_queries, rest: the parts of its variance, `Components`.
    """

    queries: int
    seeds: int
    scope: str  # what interval and p speak of: "seeds and queries", or of one seed "this seed only"
    mean_a: float
    mean_b: float
    difference: float  # mean_a - mean_b
    low: float  # the interval of the difference
    high: float
    p: float  # two-sided, of no difference; NaN where all differences are one number other than 0
    d_z: float  # Cohen: mean over standard deviation over queries; NaN where they do not vary
    wins: int  # queries on which a is better, mean over seeds
    ties: int
    losses: int
    error: float
    freedom: float
    of_seeds: float
    of_queries: float
    rest: float

    def to_dict(self) -> dict[str, Any]:
        """The fields, NaN as None, for JSON."""
        return {name: None if value != value else value for name, value in asdict(self).items()}

    @property
    def parts(self) -> Components:
        """The parts of the variance of the difference."""
        return Components(*map(np.asarray, (self.of_seeds, self.of_queries, self.rest)))


def paired_effect(a: np.ndarray, b: np.ndarray, *, confidence: float = 0.95) -> Effect:
    """Compare the values of two methods on the same queries.

    a, b: (Q,), or (S, Q) with row s of both trained from the same seed. With one seed interval and p are over queries
    and speak of that seed only.

    Raises ConfigError when the shapes differ, there are fewer than two queries, or a value is not finite.

    >>> found = paired_effect(np.array([[1.0, 0.5, 0.5], [1.0, 0.5, 0.25]]), np.array([[0.5, 0.5, 0.2], [1.0, 0.25, 0.2]]))
    >>> round(found.difference, 3), found.p > 0.05, found.scope
    (0.183, True, 'seeds and queries')
    """
    a, b = np.atleast_2d(np.asarray(a, float)), np.atleast_2d(np.asarray(b, float))
    _check(a, b)
    differences = a - b  # (S, Q)
    by_query = differences.mean(axis=0)
    by_query[np.abs(by_query) < _ROUNDING] = 0.0
    parts = components(differences)
    error, freedom = standard_error(parts, *a.shape)
    mean = np.asarray(differences.mean())
    low, high = interval(mean, error, freedom, confidence)
    return Effect(
        queries=a.shape[1],
        seeds=a.shape[0],
        scope=scope_of(a.shape[0]),
        mean_a=float(a.mean()),
        mean_b=float(b.mean()),
        difference=float(mean),
        low=float(low),
        high=float(high),
        p=float(p_of(mean, error, freedom)) if differences.any() else 1.0,
        d_z=_standardised(by_query),
        wins=int((by_query > 0).sum()),
        ties=int((by_query == 0).sum()),
        losses=int((by_query < 0).sum()),
        error=float(error),
        freedom=float(freedom),
        of_seeds=float(parts.seeds),
        of_queries=float(parts.queries),
        rest=float(parts.rest),
    )


def ratio_of_means(a: np.ndarray, b: np.ndarray, confidence: float = 0.95) -> CrossedMean:
    """Mean of `a` over mean of `b`, both (S, Q), with its interval; p is of a ratio of 1.

    By linearisation (the delta method): a / b varies as the mean of (a - r b) / mean(b) does, r being the ratio.
    ValueError for fewer than two queries, values that are not finite, or a mean of `b` that is 0.

    >>> found = ratio_of_means(np.array([[2.0, 4.0, 3.0]]), np.array([[1.0, 2.0, 2.0]]))
    >>> round(found.mean, 3), found.scope
    (1.8, 'this seed only')
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    below = b.mean()
    if below == 0:
        raise ValueError("b: its mean is 0, so that there is no ratio")
    ratio = float(a.mean() / below)
    around = crossed_mean((a - ratio * b) / below, confidence)
    p = crossed_mean((a - b) / below, confidence).p
    return CrossedMean(ratio, ratio + around.low, ratio + around.high, p, around.seeds, around.queries)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down adjustment: compare with .05 and the chance of any false claim among these is 5 %."""
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * holm_factors(p_values)[order]), 1.0)
    return adjusted


def holm_factors(p_values: np.ndarray) -> np.ndarray:
    """What Holm multiplies each p by: how many of the family have a p that is no smaller."""
    factors = np.empty(len(p_values))
    factors[np.argsort(p_values, kind="stable")] = np.arange(len(p_values), 0, -1)
    return factors


def _check(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape:
        raise ConfigError(f"values: shapes {a.shape} and {b.shape}: compare on the same seeds and queries")
    if not a.size:
        raise ConfigError("values: no queries to compare on: evaluate both on a split that has some")
    if a.shape[1] < 2:
        raise ConfigError(
            "values: 1 query to compare on, whose chance cannot be told: use a split of two or more"
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ConfigError("values: some are not finite: evaluate both on the same measure again")


def _standardised(differences: np.ndarray) -> float:
    if not differences.any():
        return 0.0
    deviation = differences.std(ddof=1)
    return float(differences.mean() / deviation) if deviation > _ROUNDING else math.nan
