"""The `static` encoder: a weighted bag of token embeddings, one residual MLP, the head.

    x = mean over the text's tokens of w[t] * E[t]          E (V, width), w (V,), both learned
    h = x + W2 relu(W1 x + b1) + b2                         W2, b2 start at zero: h is the bag itself
    y = LayerNorm(P h + c)                                  P starts as the identity where sizes allow (of a
                                                            pretrained table: see `from_table`)

The bag is order-blind and costs one pass over the tokens, so thousands of training steps take seconds on a
processor. The token weights are what model2vec calls SIF or Zipf weighting (Tulkens and van Dongen 2024),
here learned from idf on. Every step is exactly expressible in sentence-transformers' own modules
(see `export`): w folds into E, and relu(x) - relu(-x) = x carries the residual through a ReLU layer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .batch import TokenBatch
from .layers import Bands, Head


class WeightedBag(nn.Module):
    """Mean of the weighted embeddings of a text's tokens; a text without tokens gives zeros.

    The sum runs inside one kernel, so the (t, width) matrix of gathered embeddings never exists.
    """

    def __init__(self, vocab_size: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(vocab_size, width))
        self.token_weight = nn.Parameter(torch.ones(vocab_size))
        nn.init.normal_(self.embedding, std=width**-0.5)  # rows of length 1, as the corpus would give

    def forward(self, flat: Tensor, offsets: Tensor) -> Tensor:
        """Ids (t,) and offsets (B + 1,) -> (B, width) float32."""
        lengths = offsets.diff()
        share = lengths.reciprocal().repeat_interleave(lengths, output_size=flat.numel())  # (t,) 1 / length
        shares = self.token_weight[flat] * share
        summed = _bag(flat, self.embedding.detach(), offsets, shares)
        return TableGradient.apply(summed, self.embedding, flat, offsets, shares.detach())

    def folded(self) -> Tensor:
        """w[t] * E[t], (V, width): the table whose plain mean is this bag."""
        return self.embedding * self.token_weight.unsqueeze(1)


class TableGradient(torch.autograd.Function):
    """Passes a bag's sums (B, width) through, and gives the embedding table its gradient.

    The gradient of row v is itself a bag: the sum, over the places where v occurs, of share * gradient of
    that place's text. One pass writes every row once; PyTorch's own backward clears the (V, width) gradient,
    then adds token by token. For 96 texts, 8,600 tokens and a table of 8,000 x 128 on one thread: 0.9 ms
    against 1.5 ms.
    """

    @staticmethod
    def forward(
        ctx: Any, summed: Tensor, table: Tensor, flat: Tensor, offsets: Tensor, shares: Tensor
    ) -> Tensor:
        """`summed` as it is."""
        ctx.save_for_backward(flat, offsets, shares)
        ctx.rows = table.shape[0]
        return summed.view_as(summed)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """(B, width) -> the same for the sums, (V, width) for the table."""
        flat, offsets, shares = ctx.saved_tensors
        texts = torch.arange(len(offsets) - 1, device=flat.device)
        text = texts.repeat_interleave(offsets.diff(), output_size=flat.numel())  # (t,) whose token it is
        order = _by_token(flat, ctx.rows)
        ends = torch.bincount(flat, minlength=ctx.rows).cumsum(0)
        table = _bag(text[order], gradient.contiguous(), F.pad(ends, (1, 0)), shares[order])
        return gradient, table, None, None, None


def _bag(ids: Tensor, table: Tensor, offsets: Tensor, shares: Tensor) -> Tensor:
    return F.embedding_bag(
        ids, table, offsets, mode="sum", per_sample_weights=shares, include_last_offset=True
    )


def _by_token(flat: Tensor, vocab_size: int) -> Tensor:
    """Positions (t,) in the order of their ids, equal ids in the order of the text."""
    if flat.device.type == "cpu" and vocab_size <= 2**16:  # numpy sorts 16 bits by radix: 8 times faster
        return torch.from_numpy(np.argsort(flat.numpy().astype(np.uint16), kind="stable"))
    return torch.argsort(flat, stable=True)


class ResidualMLP(nn.Module):
    """x + W2 relu(W1 x + b1) + b2 with hidden size 2 * width; the identity at the start."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        nn.init.kaiming_uniform_(self.up.weight, nonlinearity="relu")
        nn.init.zeros_(self.up.bias)
        nn.init.zeros_(self.down.weight)
        nn.init.zeros_(self.down.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width) -> (B, width)."""
        return x + self.down(torch.relu(self.up(x)))


class StaticTower(nn.Module):
    """`TokenBatch` of B texts -> (B, dim) float32. Texts come without special tokens."""

    ragged = True  # reads batches without padding

    def __init__(self, vocab_size: int, width: int, dim: int) -> None:
        super().__init__()
        self.bag = WeightedBag(vocab_size, width)
        self.mlp = ResidualMLP(width)
        self.head = Head(width, dim, identity=True)

    def forward(self, batch: TokenBatch) -> Tensor:
        """(B, dim), before any normalisation to unit length."""
        return self.head(self.mlp(self.bag(batch.flat, batch.offsets)))

    def start_from(
        self, directions: np.ndarray, weights: np.ndarray, projection: np.ndarray | None = None
    ) -> None:
        """Take token embeddings (V, width) and token weights (V,) from the corpus or a table, and the head's P."""
        with torch.no_grad():
            self.bag.embedding.copy_(torch.from_numpy(directions))
            self.bag.token_weight.copy_(torch.from_numpy(weights))
            if projection is not None:
                self.head.projection.weight.copy_(torch.from_numpy(projection))

    def bands(self) -> Bands:
        """Token embeddings and weights, the MLP as the one layer there is, the head."""
        return {
            "embeddings": list(self.bag.parameters()),
            "top": list(self.mlp.parameters()),
            "head": list(self.head.parameters()),
        }
