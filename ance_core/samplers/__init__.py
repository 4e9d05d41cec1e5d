"""Samplers: from a query to negatives, with the probability of each stated and checkable."""

from .base import SOURCES, Draw, Pool, QueryBatch, Sampler
from .in_batch import InBatch
from .mixture import Mixture
from .ranked import Ranked, TopK
from .uniform import Uniform

__all__ = [
    "SOURCES",
    "Draw",
    "InBatch",
    "Mixture",
    "Pool",
    "QueryBatch",
    "Ranked",
    "Sampler",
    "TopK",
    "Uniform",
]
