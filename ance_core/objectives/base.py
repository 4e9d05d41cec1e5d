"""What an objective is: scores and a mask in, a loss out, with one value for each (query, positive, negative)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor


@dataclass(frozen=True)
class Scores:
    """Scaled scores of a batch. positive: (B,). negative: (B, n). mask: (B, n) bool, False where a slot is empty.

    What only some objectives read: sources (B, n) uint8 codes into `samplers.SOURCES`; ranks (B, n) and
    positive_ranks (B,) 0-based places in the current ranking; importance (B, n) weights 1 / (N p) of ANCE's
    Eq 4; row_weight (B,) of rows that share a query. None means: all alike.
    """

    positive: Tensor
    negative: Tensor
    mask: Tensor
    sources: Tensor | None = None
    ranks: Tensor | None = None
    positive_ranks: Tensor | None = None
    importance: Tensor | None = None
    row_weight: Tensor | None = None


@dataclass(frozen=True)
class Loss:
    """value: () mean over the batch, what is minimised.

    pairs: (B, n) the loss a pair is recorded with. weights: (B, n) dL_q/ds_n of the query's own loss, not
    averaged over the batch: how hard each negative pulls. Both detached, zero where there is no negative.
    """

    value: Tensor
    pairs: Tensor
    weights: Tensor


class Objective(ABC):
    """Base of the objectives. Subclasses are frozen dataclasses whose fields are the parameters."""

    name: ClassVar[str]
    citation: ClassVar[str]
    formula: ClassVar[str]

    @abstractmethod
    def __call__(self, scores: Scores) -> Loss:
        """The loss of a batch of scores."""


def output_gradient_norm(
    weights: Tensor, query: Tensor, positive: Tensor, negative: Tensor, scale: float, query_only: bool = False
) -> Tensor:
    """(m,) norm of the gradient of each (q, d+, d-) at the output embeddings, in closed form.

    With s = scale * q.d, a pair whose loss pulls with w = dL/ds_- has dL/dq = w scale (d- - d+),
    dL/dd- = w scale q and dL/dd+ = -w scale q, so the norm over the three is

        w * scale * sqrt(|d+ - d-|^2 + 2 |q|^2)          (2-way NLL: w = sigma(-delta); Eq 10-12 of ANCE)

    weights: (m,). query, positive, negative: (m, D). query_only: documents are frozen, so the second term is 0.
    """
    squares = (positive - negative).square().sum(dim=1)
    if not query_only:
        squares = squares + 2 * query.square().sum(dim=1)
    return weights.abs() * scale * squares.sqrt()
