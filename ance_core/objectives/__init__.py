"""Objectives: from scores to a loss, and to how hard each negative pulls."""

from .base import Loss, Objective, Scores, output_gradient_norm
from .pairwise import PairwiseNLL
from .rank_weighted import RankWeighted
from .regularisers import align, uniform
from .softmax import SoftmaxNLL
from .star import StarLoss

__all__ = [
    "Loss",
    "Objective",
    "PairwiseNLL",
    "RankWeighted",
    "Scores",
    "SoftmaxNLL",
    "StarLoss",
    "align",
    "output_gradient_norm",
    "uniform",
]
