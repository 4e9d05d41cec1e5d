"""What vectors without any structure measure: the other end of the scale from a collapse."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from ...rng import generator
from .angles import mean_cosine_of
from .spectrum import effective_rank_of

DRAWS = 3


class Reference(NamedTuple):
    """Of Gaussian vectors around the origin, means over a few draws."""

    mean_cosine: float
    effective_rank: float


@functools.lru_cache(maxsize=64)
def random_reference(n: int, dims: int) -> Reference:
    """Mean cosine and effective rank of `n` random vectors of `dims` dimensions, computed; NaN below two vectors.

    The mean cosine is 0 but for the draw, and the effective rank below `dims`: among n vectors the directions do not
    come out equally strong.

    >>> random_reference(2000, 128).effective_rank > 120
    True
    """
    draws = [
        generator(draw, "random reference").standard_normal((n, dims), np.float32) for draw in range(DRAWS)
    ]
    return Reference(
        float(np.mean([mean_cosine_of(vectors) for vectors in draws])),
        float(np.mean([effective_rank_of(vectors) for vectors in draws])),
    )
