"""The slow, obvious way: a backward pass for every instance. What the fast way is compared with, and a way out
for layers it has no rule for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from ...encoders import DualEncoder
from ...objectives import Objective, PairwiseNLL
from .instances import Instances
from .norms import InstanceNorms, assemble, check_finite, cotangents, encode, evaluating, sizes, weigh
from .passages import by_passage

if TYPE_CHECKING:
    from ...data.tokens import TokenizedDataset


def instance_norms_by_loop(
    model: DualEncoder, tokens: TokenizedDataset, instances: Instances, objective: Objective | None = None
) -> InstanceNorms:
    """As `norms.instance_norms`, for any model that autograd can differentiate."""
    objective = objective or PairwiseNLL()
    instances.check(*sizes(tokens))
    instances = by_passage(model, tokens, instances)
    check_finite(model)
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    squares: dict[str, list[float]] = {name: [] for name, _ in named}
    rows: dict[str, list[np.ndarray]] = {}
    with evaluating(model), torch.enable_grad():
        for i in range(len(instances)):
            one = instances.part(slice(i, i + 1))
            anchors, others, mask = encode(model, tokens, one)
            pull, seen = weigh(model.scale, anchors.detach(), others.detach(), mask, one, objective)
            at = cotangents(model.scale, anchors.detach(), others.detach(), pull)
            seen["output"] = (at[0].square().sum(1) + at[1].square().sum((1, 2))).sqrt()
            scores = model.scale * torch.einsum("md,mkd->mk", anchors, others)
            loss = (pull * (scores[:, 1:] - scores[:, :1])).sum()
            gradients = torch.autograd.grad(loss, [p for _, p in named], allow_unused=True)
            for (name, _), gradient in zip(named, gradients, strict=True):
                squares[name].append(0.0 if gradient is None else float(gradient.double().square().sum()))
            for name, value in seen.items():
                rows.setdefault(name, []).append(value.double().cpu().numpy())
    return assemble(
        model,
        {name: np.array(values) for name, values in squares.items()},
        {name: np.concatenate(values) for name, values in rows.items()},
    )
