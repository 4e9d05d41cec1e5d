"""What a step comes to: a loss to minimise, and for each contrast in it what was drawn, scored and lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
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
    frozen: the other side is not trained.
    """

    batch: QueryBatch
    draw: Draw
    scored: Scored
    loss: Loss
    weight: float = 1.0
    dual: bool = False
    frozen: bool = False


@dataclass(frozen=True)
class Outcome:
    """loss: () to call backward on. The first contrast is the one whose margin is logged."""

    loss: Tensor
    contrasts: tuple[Contrast, ...]


@torch.no_grad()
def pair_gradient_norms(contrast: Contrast, row: np.ndarray, slot: np.ndarray, scale: float) -> Tensor:
    """(m,) output-layer gradient norms of the pairs at (row, slot); see `objectives.output_gradient_norm`."""
    scored = contrast.scored
    device = scored.vectors.device
    rows, slots = torch.from_numpy(row).to(device), torch.from_numpy(slot).to(device)
    return output_gradient_norm(
        contrast.loss.weights[rows, slots] * contrast.weight,
        scored.anchor_vectors[rows],
        scored.vectors[scored.positive_at[rows]],
        scored.vectors[scored.negative_at[rows, slots]],
        scale,
        query_only=contrast.frozen,
    )
