"""AdamW or SGD by `optimizer.kind`, and clipping without a pass over the gradients of its own.

    AdamW   m, v: means of g and g^2;  w -= rate * (m / sqrt(v) + decay * w)       as long whatever the length of g
    SGD     b = momentum * b + g + decay * w;  w -= rate * b                       as long as g is

Both are torch's fused ones, which divide by `grad_scale` while they read a gradient.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from ..config import OptimizerConfig


def make_optimizer(config: OptimizerConfig, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """The optimizer of a run, at rate 0 until the loop sets the step's own."""
    if config.kind == "sgd":
        return SGD(parameters, lr=0.0, momentum=config.momentum, weight_decay=config.weight_decay, fused=True)
    return AdamW(parameters, lr=0.0, weight_decay=config.weight_decay, fused=True)


def clip(optimizer: Optimizer, total: float, limit: float | None) -> None:
    """Have the next update use gradients scaled so that their joint norm, now `total`, is at most `limit`.

    limit: None leaves them as they are.
    """
    factor = 1.0 if limit is None else max(total / limit, 1.0)
    optimizer.grad_scale = torch.tensor(factor) if factor > 1.0 else None  # type: ignore[attr-defined]
