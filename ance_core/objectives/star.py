"""STAR's loss as the paper writes it: random and hard negatives averaged apart, the random ones weighted.

    L = alpha * L_r + L_s          L_r, L_s: mean of softplus(s- - s+) over the pairs of each kind

Zhan et al. 2021, Eq 13. Hard is a query's own draw from its static list; random is everything else of its batch,
the other queries' positives and their hard documents alike, since those were chosen without regard to it. The
authors' code has no alpha: it averages over all pairs together (model.py:182), which is `PairwiseNLL`. A query's
own hard pairs are 1 in 2B there and half of the loss here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from .base import Loss, Objective, Scores


@dataclass(frozen=True)
class StarLoss(Objective):
    """alpha: weight of the random pairs. random: the code of their source (see `samplers.SOURCES`)."""

    alpha: float
    random: int

    name = "star"
    citation = "Zhan et al. 2021 (STAR), Eq 13"
    formula = r"\alpha L_r + L_s, \quad L_g = \frac{1}{|P_g|}\sum_{P_g} \log\left(1 + e^{s(q,d^-) - s(q,d^+)}\right)"

    def __call__(self, scores: Scores) -> Loss:
        """See `Objective`. A pair is recorded with its softplus; a kind without pairs adds nothing."""
        assert scores.sources is not None
        gap = scores.negative - scores.positive[:, None]
        pairs = softplus(gap)
        pull = torch.sigmoid(gap.detach())
        value, weights = pairs.new_zeros(()), torch.zeros_like(pull)
        random = scores.sources == self.random
        for share, kind in ((self.alpha, scores.mask & random), (1.0, scores.mask & ~random)):
            value = value + share * _mean(pairs, kind)
            weights = weights + torch.where(
                kind, share * pull / kind.sum(dim=1, keepdim=True).clamp_min(1), 0.0
            )
        return Loss(value, torch.where(scores.mask, pairs.detach(), 0.0), weights)


def _mean(pairs: Tensor, kind: Tensor) -> Tensor:
    return torch.where(kind, pairs, 0.0).sum() / kind.sum().clamp_min(1)
