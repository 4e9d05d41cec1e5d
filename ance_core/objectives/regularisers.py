"""Alignment and uniformity as regularisers (Wang and Isola 2020), as DANCE's code offers them.

    align(q, d) = mean |q - d+|^2          uniform(x) = log mean over pairs of exp(-t |x_i - x_j|^2)

DANCE's code uses t = 5 (models.py:25-28), the paper that defined it t = 2; values do not compare across t. On
vectors far apart exp(-t |.|^2) is zero in floating point, so the mean is taken in log space.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def align(queries: Tensor, documents: Tensor) -> Tensor:
    """Mean squared distance of matching rows (B, D); 0 where all coincide."""
    return (queries - documents).square().sum(dim=1).mean()


def uniform(vectors: Tensor, t: float = 2.0) -> Tensor:
    """Log mean Gaussian potential of all different pairs of rows (B, D); at most 0, lower is more even."""
    pairs = torch.pdist(vectors).square()
    return torch.logsumexp(-t * pairs, dim=0) - math.log(len(pairs))
