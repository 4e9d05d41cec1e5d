"""From the states of a text's tokens to one vector, as sentence-transformers' Pooling does it."""

from __future__ import annotations

import torch
from torch import Tensor


def pool(states: Tensor, mask: Tensor, how: str) -> Tensor:
    """States (B, L, width) and mask (B, L), texts first and padding after -> (B, width); zeros for a text without tokens.

    how: "mean", "cls" (the first token), "last", "max" (of each number), "weighted" (mean by position, from 1).
    """
    if how == "cls":
        return states[:, 0]
    if how == "mean":
        return masked_mean(states, mask)
    if how == "weighted":
        return masked_mean(states, mask * torch.arange(1, mask.shape[1] + 1, device=mask.device))
    lengths = mask.sum(dim=1)
    if how == "last":
        vectors = states[torch.arange(len(states), device=states.device), (lengths - 1).clamp(min=0)]
    else:
        vectors = states.masked_fill(~mask.unsqueeze(-1), -torch.inf).amax(dim=1)
    return torch.where(lengths.unsqueeze(1) > 0, vectors, 0.0)


def masked_mean(states: Tensor, weights: Tensor) -> Tensor:
    """Mean over the tokens of each text, (B, L, width) and (B, L) -> (B, width) float32.

    As a product of each text's (1, L) shares with its (L, width) states: no masked copy of the states.
    """
    shares = weights.float() / weights.sum(dim=1, keepdim=True).clamp(min=1)
    with torch.autocast(states.device.type, enabled=False):
        return torch.bmm(shares.unsqueeze(1), states.float()).squeeze(1)
