"""Pairwise negative log likelihood: a two-way softmax of the positive against each negative on its own.

    L = mean over (q, d+, d-) of  -log( e^{s+} / (e^{s+} + e^{s-}) )  =  softplus(s- - s+)

ANCE's loss (Xiong et al. 2021, section 4; model/models.py:58-81 of the authors' code): one negative a row, no
in-batch negatives, mean over rows. A triple with delta = s+ - s- pulls with sigma(-delta), so an easy
negative pulls with almost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import softplus

from .base import Loss, Objective, Scores


@dataclass(frozen=True)
class PairwiseNLL(Objective):
    """Mean over all pairs of the batch."""

    name = "pairwise-nll"
    citation = "Xiong et al. 2021 (ANCE); Burges et al. 2005 (RankNet)"
    formula = r"\frac{1}{|P|}\sum_{(q,d^+,d^-)} \log\left(1 + e^{s(q,d^-) - s(q,d^+)}\right)"

    def __call__(self, scores: Scores) -> Loss:
        """See `Objective`. Masked pairs count in neither sum nor number; importance multiplies a pair's loss."""
        mask = scores.mask
        gap = scores.negative - scores.positive[:, None]
        pairs = torch.where(mask, softplus(gap), 0.0)
        weights = torch.where(mask, torch.sigmoid(gap.detach()), 0.0)
        if scores.importance is not None:
            pairs, weights = pairs * scores.importance, weights * scores.importance
        value = pairs.sum() / mask.sum().clamp_min(1)
        return Loss(value, pairs.detach(), weights)
