"""Gradient norms by layer band, and clipping, in one pass over the gradients."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GradientMeter:
    """Norms before clipping: in total and by band. Bands partition the parameters."""

    def __init__(self, bands: dict[str, list[nn.Parameter]]) -> None:
        self._names = list(bands)
        self._parameters = [p for band in bands.values() for p in band]
        self._band = torch.tensor([i for i, band in enumerate(bands.values()) for _ in band])

    def clip(self, limit: float) -> dict[str, float]:
        """Scale all gradients so that their joint norm is at most `limit`; returns the norms from before.

        Keys "total" and one a band. A parameter without a gradient counts zero.
        """
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        band = self._band[[p.grad is not None for p in self._parameters]]
        squares = torch.stack(torch._foreach_norm(gradients)).cpu().double().square()
        by_band = torch.zeros(len(self._names), dtype=torch.float64).index_add_(0, band, squares)
        total = float(by_band.sum().sqrt())
        if total > limit:
            torch._foreach_mul_(gradients, limit / total)
        return {"total": total, **dict(zip(self._names, by_band.sqrt().tolist(), strict=True))}


def loss_is_usable(loss: Tensor) -> bool:
    """Finite, so that a step with it does no harm."""
    return bool(torch.isfinite(loss))
