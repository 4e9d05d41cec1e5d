"""Gradient norms by layer band in one pass over the gradients, and whether a step with them does no harm."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class GradientMeter:
    """Norms in total and by band. Bands partition the parameters."""

    def __init__(self, bands: dict[str, list[nn.Parameter]]) -> None:
        self._names = list(bands)
        self._parameters = [p for band in bands.values() for p in band]
        self._band = torch.tensor([i for i, band in enumerate(bands.values()) for _ in band])

    def norms(self) -> dict[str, float]:
        """Keys "total" and one a band. A parameter without a gradient counts zero."""
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        band = self._band[[p.grad is not None for p in self._parameters]]
        squares = torch.stack(torch._foreach_norm(gradients)).cpu().double().square()
        by_band = torch.zeros(len(self._names), dtype=torch.float64).index_add_(0, band, squares)
        total = float(by_band.sum().sqrt())
        return {"total": total, **dict(zip(self._names, by_band.sqrt().tolist(), strict=True))}


def loss_is_usable(loss: Tensor) -> bool:
    """Finite, so that a step with it does no harm."""
    return bool(torch.isfinite(loss))


def gradients_are_usable(total: float) -> bool:
    """Their joint norm is finite, and so is every one of them: a finite loss may still have others."""
    return math.isfinite(total)
