"""How evenly negatives are drawn: DANCE's claim of "more uniform negative sampling probabilities", as numbers.

    normalised entropy = -sum p_i log p_i / log n      1: all equally often; 0: always the same one
    Gini               = sum_i (2 i - n - 1) c_i / (n sum c),  c ascending     0: equal; towards 1: one takes all

Few draws over many items can be neither even nor uneven: so beside both stands what as many uniform draws give.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...rng import generator


class Evenness(NamedTuple):
    """Of counts, and of as many uniform draws (`even_*`); NaN without draws or with one item only."""

    entropy: float
    gini: float
    even_entropy: float
    even_gini: float


def evenness(counts: np.ndarray, seed: int = 0) -> Evenness:
    """Evenness of draws, `counts` (n,): how often each item was drawn."""
    total, n = int(counts.sum()), len(counts)
    if n < 2 or total == 0:
        return Evenness(*[float("nan")] * 4)
    even = generator(seed, "even draws").multinomial(total, np.full(n, 1 / n))
    return Evenness(normalised_entropy(counts), gini(counts), normalised_entropy(even), gini(even))


def normalised_entropy(counts: np.ndarray) -> float:
    """Entropy of `counts` (n,) over log n."""
    p = counts[counts > 0] / counts.sum()
    return abs(float(-(p * np.log(p)).sum())) / float(np.log(len(counts)))


def gini(counts: np.ndarray) -> float:
    """Gini coefficient of `counts` (n,)."""
    n = len(counts)
    ranks = 2 * np.arange(1, n + 1) - n - 1
    return float((ranks * np.sort(counts)).sum() / (n * counts.sum()))
