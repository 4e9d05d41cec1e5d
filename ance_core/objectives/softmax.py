"""Softmax over the positive and all its negatives: one cross-entropy a query.

    L_q = -log( e^{s+} / (e^{s+} + sum_j e^{s_j}) )  =  logsumexp(s+, s_1..s_n) - s+

With the other positives of the batch as negatives this is in-batch cross-entropy (Karpukhin et al. 2020);
with n mined negatives it is the N-pair form. Negatives share one unit of pull: the softmax mass they hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .base import Loss, Objective, Scores


@dataclass(frozen=True)
class SoftmaxNLL(Objective):
    """Mean over the queries of the batch. A pair is recorded with its query's whole loss."""

    name = "softmax"
    citation = "Karpukhin et al. 2020 (DPR), Eq 2"
    formula = r"\frac{1}{|Q|}\sum_q -\log \frac{e^{s(q,d^+)}}{e^{s(q,d^+)} + \sum_j e^{s(q,d^-_j)}}"

    def __call__(self, scores: Scores) -> Loss:
        """See `Objective`. A query whose negatives are all masked has loss zero."""
        candidates = torch.cat(
            [scores.positive[:, None], scores.negative.masked_fill(~scores.mask, -torch.inf)], dim=1
        )
        log_mass = torch.logsumexp(candidates, dim=1)
        per_query = log_mass - scores.positive
        with torch.no_grad():
            weights = torch.exp(candidates[:, 1:] - log_mass[:, None])
            pairs = torch.where(scores.mask, per_query[:, None], 0.0)
        return Loss(per_query.mean(), pairs, weights)
