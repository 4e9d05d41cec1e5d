"""Objectives: from scores to a loss, and to how hard each negative pulls."""

from .base import Loss, Objective, Scores, output_gradient_norm
from .pairwise import PairwiseNLL
from .softmax import SoftmaxNLL

__all__ = ["Loss", "Objective", "PairwiseNLL", "Scores", "SoftmaxNLL", "output_gradient_norm"]
