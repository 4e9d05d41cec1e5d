"""Gradients of single instances by other libraries: `torch.func` and Opacus, over the same tower and triples.

Both form every instance's gradient and take norms afterwards. They need a batch of one shape, so queries are padded
to 128 tokens for them, and an instance is one sample of three texts.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import softplus

from ance_core.encoders import DualEncoder, TokenBatch


class Triples(nn.Module):
    """Ids, attention bias and shares of three texts a sample -> the two-way NLL of each sample."""

    def __init__(self, model: DualEncoder) -> None:
        super().__init__()
        self.tower = model.query_tower
        self.scale = model.scale

    def forward(self, ids: Tensor, bias: Tensor, shares: Tensor) -> Tensor:
        """(B, 3, L), (B, 3, 1, 1, L), (B, 3, 1, L) -> (B,)."""
        flat = ids.flatten(0, 1)
        positions = torch.arange(ids.shape[-1]).expand_as(flat)
        backbone = self.tower.backbone
        types = torch.zeros_like(flat)
        states = backbone.embeddings(input_ids=flat, position_ids=positions, token_type_ids=types)
        states = backbone.encoder(states, attention_mask=bias.flatten(0, 1)).last_hidden_state
        pooled = torch.bmm(shares.flatten(0, 1), states).squeeze(1)
        q, positive, negative = self.tower.head(pooled).view(-1, 3, pooled.shape[-1]).unbind(1)
        return softplus(self.scale * (q * (negative - positive)).sum(-1))


def inputs(tokens: Any, rows: tuple[Any, Any, Any], length: int) -> tuple[Tensor, Tensor, Tensor]:
    """What `Triples` reads, from rows of queries, positives and negatives."""
    sides = []
    for store, chosen in zip((tokens.queries, tokens.docs, tokens.docs), rows, strict=True):
        ids, mask = TokenBatch.of(store, chosen).padded(tokens.pad_id)
        pad = length - ids.shape[1]
        sides.append(
            (nn.functional.pad(ids, (0, pad), value=tokens.pad_id), nn.functional.pad(mask, (0, pad)))
        )
    ids, mask = (torch.stack([side[i] for side in sides], dim=1) for i in (0, 1))
    bias = torch.zeros(mask.shape).masked_fill(~mask, torch.finfo(torch.float32).min)
    shares = mask.float() / mask.sum(-1, keepdim=True)
    return ids, bias[:, :, None, None], shares[:, :, None]


def by_torch_func(triples: Triples, batch: tuple[Tensor, Tensor, Tensor]) -> Callable[[], Tensor]:
    """`vmap(grad)` over samples; returns what computes (B,) norms."""
    parameters = {name: p.detach() for name, p in triples.named_parameters()}

    def loss(weights: dict[str, Tensor], *sample: Tensor) -> Tensor:
        return functional_call(triples, weights, tuple(x.unsqueeze(0) for x in sample)).sum()

    each = vmap(grad(loss), in_dims=(None, 0, 0, 0))
    return lambda: sum(g.flatten(1).square().sum(1) for g in each(parameters, *batch).values()).sqrt()


def by_opacus(triples: Triples, batch: tuple[Tensor, Tensor, Tensor]) -> Callable[[], Tensor]:
    """Opacus's GradSampleModule; it sees texts as samples, so the three of an instance are added up."""
    from opacus import GradSampleModule

    wrapped = GradSampleModule(copy.deepcopy(triples), batch_first=True, loss_reduction="sum", strict=False)

    def norms() -> Tensor:
        wrapped.zero_grad(set_to_none=True)
        wrapped(*batch).sum().backward()
        squares = torch.zeros(len(batch[0]))
        for p in wrapped.parameters():
            if p.requires_grad:
                squares += p.grad_sample.view(len(batch[0]), 3, -1).sum(1).square().sum(1)
                p.grad_sample = None
        return squares.sqrt()

    return norms
