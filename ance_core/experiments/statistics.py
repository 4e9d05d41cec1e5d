"""Is one method better than another? Paired over queries: both answered the same ones.

The interval is a percentile bootstrap (Efron and Tibshirani 1993), the p-value a randomisation test that
flips the signs of the differences (Fisher 1935; for retrieval Smucker, Allan and Carterette 2007), several
comparisons are corrected by Holm (1979).

With several seeds a method, the difference varies over seeds and over queries. The bootstrap then draws
both, each query for all seeds alike (Owen's pigeonhole bootstrap, 2007). It overstates what varies over
pairs of seed and query, and understates what varies over S seeds to (S - 1) / S of its variance: with two
or three seeds, read the interval as the least there is to doubt. The test flips means over the seeds, and
so speaks of these seeds on other queries.

numpy rather than scipy.stats: its sign-flip test takes twelve times as long (1.4 s for 2,000 queries), its
bootstrap does not draw on two levels. The tests hold both against scipy where they overlap.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..errors import ConfigError
from ..rng import generator

RESAMPLES = 10_000
_CELLS = 500_000  # of one block of resamples: a few MB, which the cache can hold
_ROUNDING = 1e-9  # of a mean over seeds; measures differ by far more or not at all


@dataclass(frozen=True)
class Effect:
    """How much better `a` is than `b` over the same queries."""

    queries: int
    seeds: int
    mean_a: float
    mean_b: float
    difference: float  # mean_a - mean_b
    low: float  # the interval of the difference
    high: float
    p: float  # two-sided, sign flips
    d_z: float  # Cohen: mean over standard deviation of the differences; NaN where they do not vary
    wins: int  # queries on which a is better, mean over seeds
    ties: int
    losses: int

    def to_dict(self) -> dict[str, Any]:
        """The fields, NaN as None, for JSON."""
        return {name: None if value != value else value for name, value in asdict(self).items()}


def paired_effect(
    a: np.ndarray, b: np.ndarray, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Effect:
    """Compare the values of two methods on the same queries.

    a, b:       (Q,), or (S, Q) with row s of both trained from the same seed
    confidence: of the interval
    resamples:  of the bootstrap, and sign flips of the test
    seed:       of both; the same arguments give the same numbers

    Raises ConfigError when the shapes differ, there is no query, or a value is not finite.
    """
    a, b = np.atleast_2d(np.asarray(a, float)), np.atleast_2d(np.asarray(b, float))
    if a.shape != b.shape:
        raise ConfigError(f"values: shapes {a.shape} and {b.shape}: compare on the same seeds and queries")
    if not a.size:
        raise ConfigError("values: no queries to compare on: evaluate both on a split that has some")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ConfigError("values: some are not finite: evaluate both on the same measure again")
    by_seed = a - b
    differences = by_seed.mean(axis=0)  # (Q,)
    differences[np.abs(differences) < _ROUNDING] = 0.0
    low, high = interval(by_seed, confidence=confidence, resamples=resamples, seed=seed)
    return Effect(
        queries=a.shape[1],
        seeds=a.shape[0],
        mean_a=float(a.mean()),
        mean_b=float(b.mean()),
        difference=float(differences.mean()),
        low=low,
        high=high,
        p=sign_flip_p(differences, flips=resamples, seed=seed),
        d_z=_standardised(differences),
        wins=int((differences > 0).sum()),
        ties=int((differences == 0).sum()),
        losses=int((differences < 0).sum()),
    )


def interval(
    differences: np.ndarray, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of `differences` (S, Q), drawing seeds and queries."""
    n_seeds, n_queries = differences.shape
    draws = generator(seed, "bootstrap")
    means = np.empty(resamples)
    for block in _blocks(resamples, n_queries):
        size = block.stop - block.start
        picked = draws.integers(0, n_queries, (size, n_queries), dtype=np.int32)
        by_seed = np.stack([row[picked].mean(axis=1) for row in differences], axis=1)  # (size, S)
        seeds = draws.integers(0, n_seeds, (size, n_seeds))
        means[block] = np.take_along_axis(by_seed, seeds, axis=1).mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def sign_flip_p(differences: np.ndarray, *, flips: int = RESAMPLES, seed: int = 0) -> float:
    """Two-sided p-value of the mean of `differences` (Q,) against signs that are fair coins.

    Exact where the differences other than zero have at most `flips` sign patterns (13 of them at 10,000);
    otherwise from so many random patterns, the observed one counted among them, so that p is never 0.
    No difference at all gives 1.
    """
    moving = differences[differences != 0]  # a zero has no sign to flip
    total = moving.sum()
    # Patterns that tie with the observed one must count, whatever the order of summation.
    reached = abs(total) - 1e-12 * np.abs(moving).sum()
    if 2 ** len(moving) <= flips:
        positive = (np.arange(2 ** len(moving))[:, None] >> np.arange(len(moving))) & 1
        return float((np.abs(2 * positive @ moving - total) >= reached).mean())
    draws = generator(seed, "sign flips")
    count = 0
    for block in _blocks(flips, len(moving)):
        size = block.stop - block.start
        coins = np.frombuffer(draws.bytes(size * -(-len(moving) // 8)), np.uint8).reshape(size, -1)
        positive = np.unpackbits(coins, axis=1, count=len(moving)).astype(float)
        count += int((np.abs(2 * positive @ moving - total) >= reached).sum())
    return (count + 1) / (flips + 1)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down adjustment: compare with .05 and the chance of any false claim among these is 5 %."""
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(order), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted


def _standardised(differences: np.ndarray) -> float:
    if not differences.any():
        return 0.0
    deviation = differences.std(ddof=1) if len(differences) > 1 else 0.0
    return float(differences.mean() / deviation) if deviation > _ROUNDING else math.nan


def _blocks(total: int, width: int) -> list[slice]:
    size = max(1, _CELLS // max(1, width))
    return [slice(start, min(start + size, total)) for start in range(0, total, size)]
