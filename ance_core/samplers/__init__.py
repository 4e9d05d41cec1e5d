"""Samplers: from a query to negatives, with the probability of each stated and checkable."""

from .ambiguous import Ambiguous
from .base import SOURCES, Draw, Pool, QueryBatch, Sampler
from .curriculum import Curriculum
from .gradient import GradientNorm
from .in_batch import InBatch
from .mixture import Mixture
from .ranked import Ranked, TopK, UniformTop
from .uniform import Uniform
from .weighted import Weighted
from .whole_batch import Borrowed, WholeBatch

__all__ = [
    "SOURCES",
    "Ambiguous",
    "Borrowed",
    "Curriculum",
    "Draw",
    "GradientNorm",
    "InBatch",
    "Mixture",
    "Pool",
    "QueryBatch",
    "Ranked",
    "Sampler",
    "TopK",
    "Uniform",
    "UniformTop",
    "Weighted",
    "WholeBatch",
]
