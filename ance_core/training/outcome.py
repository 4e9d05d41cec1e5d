"""What a step comes to: a loss to minimise, and for each contrast in it what was drawn, scored and lost."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..objectives import Loss, Scores, output_gradient_norm
from ..samplers import Draw, QueryBatch


@dataclass(frozen=True)
class Scored:
    """Scores with the vectors they came from.

    anchor_vectors: (B, D), of queries (of documents in a dual contrast). vectors: (U, D), every text on the
    other side once. positive_at (B,) and negative_at (B, n): where each stands in `vectors`.
    """

    scores: Scores
    anchor_vectors: Tensor
    vectors: Tensor
    positive_at: Tensor
    negative_at: Tensor


@dataclass(frozen=True)
class Contrast:
    """One contrast of a step: (anchor, positive, negatives). weight: its share in the step's loss.

    dual: anchors are documents and the others queries; `batch` and `draw` then speak of the mirrored problem.
    """

    batch: QueryBatch
    draw: Draw
    scored: Scored
    loss: Loss
    weight: float = 1.0
    dual: bool = False


@dataclass(frozen=True)
class Outcome:
    """loss: () to call backward on. The first contrast is the one whose margin is logged."""

    loss: Tensor
    contrasts: tuple[Contrast, ...]


@torch.no_grad()
def pair_gradient_norms(contrast: Contrast, scale: float) -> Tensor:
    """(B, n) output-layer gradient norm of every pair; see `objectives.output_gradient_norm`."""
    scored = contrast.scored
    anchors, others = scored.anchor_vectors, scored.vectors
    inner = others @ others.T
    squares = inner.diagonal()
    return output_gradient_norm(
        contrast.loss.weights * contrast.weight,
        anchors.square().sum(1),
        squares[scored.positive_at],
        squares[scored.negative_at],
        inner[scored.positive_at[:, None], scored.negative_at],
        scale,
    )
