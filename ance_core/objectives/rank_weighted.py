"""ADORE's loss: pairwise NLL weighted by what swapping the two documents would do to the reciprocal rank.

    L_q = mean over i in D+, j in D- of  |1/r_i - 1/r_j| softplus(s_j - s_i)          1/r = 0 beyond metric_cut

Zhan et al. 2021, adore/train.py:194-221 of the authors' code, whose double sum over ordered pairs divided by
2 #positives #documents comes to the same mean. There, log(1 + exp(x)) overflows above x = 88; here softplus
does not. There, leaving metric_cut out zeroes every weight without a word; here it has a default.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from .base import Loss, Objective, Scores


def reciprocal(ranks: Tensor, cut: int, dtype: torch.dtype) -> Tensor:
    """1 / r of 0-based ranks, 0 from `cut` on."""
    return torch.where(ranks < cut, 1.0 / (ranks + 1).to(dtype), 0.0)


@dataclass(frozen=True)
class RankWeighted(Objective):
    """Rows are (query, retrieved positive) with `row_weight`, which sum to the number of queries."""

    metric_cut: int = 200

    name = "rank-weighted"
    citation = "Zhan et al. 2021 (ADORE), adore/train.py:194-221"
    formula = (
        r"\frac{1}{|Q|}\sum_q \operatorname{mean}_{i,j} |\tfrac1{r_i} - \tfrac1{r_j}| \log(1 + e^{s_j - s_i})"
    )

    def __call__(self, scores: Scores) -> Loss:
        """See `Objective`; needs ranks, positive_ranks and row_weight."""
        if scores.ranks is None or scores.positive_ranks is None or scores.row_weight is None:
            raise ValueError("rank-weighted loss: needs ranks, positive_ranks and row_weight")
        gap = scores.negative - scores.positive[:, None]
        delta = (
            reciprocal(scores.positive_ranks, self.metric_cut, gap.dtype)[:, None]
            - reciprocal(scores.ranks, self.metric_cut, gap.dtype)
        ).abs()
        delta = torch.where(scores.mask, delta, 0.0)
        count = scores.mask.sum(dim=1, keepdim=True).clamp_min(1)
        queries = scores.row_weight.sum()
        share = scores.row_weight[:, None] / count
        pairs = delta * softplus(gap)
        value = (share * pairs).sum() / queries
        weights = share * delta * torch.sigmoid(gap.detach())
        return Loss(value, pairs.detach(), weights)
