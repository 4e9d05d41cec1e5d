"""Exact gradient norms of instances over all parameters: one forward and one backward pass for all of them.

The loss of instance i is sum_n w_n (s_n - s+). Its gradient at the text vectors is known in closed form; fed into
one backward pass for all texts at once, it reaches every layer's output row by row, and `rules` turns inputs and
gradients into norms. Texts of different instances are encoded apart even where they are equal. All of it runs in
float32, also for a model that trains in bfloat16: the norms are those of the exact gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ...encoders import DualEncoder, TokenBatch
from ...errors import ConfigError
from ...objectives import Objective, PairwiseNLL, Scores
from .capture import Capture
from .instances import Instances
from .passages import by_passage

if TYPE_CHECKING:
    from ...data.tokens import TokenizedDataset

CHUNK_TEXTS = 192
"""Texts encoded at a time, if one instance has no more."""


@dataclass(frozen=True)
class InstanceNorms:
    """Of m instances, float64. total, output: (m,). bands, parameters: (m,) by name.

    output: norm of the gradient at the text vectors, the closed form that records have (Eq 12 of ANCE bounds
    the total by it). loss: (m,) mean over the negatives of the pair's loss. positive_score (m,), negative_score
    (m, n), weights (m, n). notes: what a reader should know, a sentence each.
    """

    total: np.ndarray
    output: np.ndarray
    bands: dict[str, np.ndarray]
    parameters: dict[str, np.ndarray]
    loss: np.ndarray
    positive_score: np.ndarray
    negative_score: np.ndarray
    weights: np.ndarray
    notes: tuple[str, ...] = ()


def instance_norms(
    model: DualEncoder,
    tokens: TokenizedDataset,
    instances: Instances,
    objective: Objective | None = None,
) -> InstanceNorms:
    """Norms of each instance's gradient by all trainable parameters; frozen ones count zero.

    objective: whose pull on each negative is used where instances bring no weights; two-way NLL if None. Raises
    ConfigError for a layer without a rule (see `rules`), weights that are not finite, and rows that make no sense.
    """
    objective = objective or PairwiseNLL()
    instances.check(*sizes(tokens))
    instances = by_passage(model, tokens, instances)
    texts = 2 + instances.negatives.shape[1]
    step = max(CHUNK_TEXTS // texts, 1)
    with evaluating(model):
        parts = [
            _chunk(model, tokens, instances.part(slice(start, start + step)), objective)
            for start in range(0, len(instances), step)
        ]
    squares = {name: np.concatenate([part[0][name] for part in parts]) for name in parts[0][0]}
    seen = {name: np.concatenate([part[1][name] for part in parts]) for name in parts[0][1]}
    if not np.isfinite(np.sum([value.sum() for value in squares.values()])):
        check_finite(model)
    return assemble(model, squares, seen)


def sizes(tokens: TokenizedDataset) -> tuple[int, int]:
    """Numbers of queries and of documents."""
    return len(tokens.queries), len(tokens.docs if tokens.docs.passages is None else tokens.docs.passages)


def _chunk(
    model: DualEncoder, tokens: TokenizedDataset, instances: Instances, objective: Objective
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Squared norms by parameter, and what was seen on the way, of instances encoded together."""
    m = len(instances)
    capture = Capture(model)
    with capture.watching(model), torch.enable_grad():
        anchors, others, mask = encode(model, tokens, instances, capture)
        pull, seen = weigh(model.scale, anchors.detach(), others.detach(), mask, instances, objective)
        at_anchor, at_others = cotangents(model.scale, anchors.detach(), others.detach(), pull)
        reached = [(y, c) for y, c in ((anchors, at_anchor), (others, at_others)) if y.requires_grad]
        torch.autograd.backward([y for y, _ in reached], [c for _, c in reached])
        seen["output"] = (at_anchor.square().sum(1) + at_others.square().sum((1, 2))).sqrt()
        names = {id(p): name for name, p in model.named_parameters()}
        squares = {
            names[id(getattr(module, key))]: value.double().cpu().numpy()
            for module, found in capture.squares(m).items()
            for key, value in found.items()
        }
    return squares, {name: value.double().cpu().numpy() for name, value in seen.items()}


def encode(
    model: DualEncoder, tokens: TokenizedDataset, instances: Instances, capture: Capture | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Anchors (m, D), positive and negatives (m, 1 + n, D), and mask (m, n). Empty slots hold the positive."""
    m = len(instances)
    filled = instances.negatives >= 0
    rows = np.concatenate(
        [instances.positives[:, None], np.where(filled, instances.negatives, instances.positives[:, None])],
        axis=1,
    )
    near, far = (tokens.docs, tokens.queries) if instances.dual else (tokens.queries, tokens.docs)
    towers = (model.encode_documents, model.encode_queries)
    encode_near, encode_far = towers if instances.dual else towers[::-1]
    device = next(model.parameters()).device
    vectors = []
    for side, chosen, tower in ((near, instances.anchors, encode_near), (far, rows.reshape(-1), encode_far)):
        if capture is not None:
            capture.rows = len(chosen)
        vectors.append(tower(TokenBatch.of(side, chosen).to(device)).float())
    return vectors[0], vectors[1].view(m, rows.shape[1], -1), torch.from_numpy(filled).to(device)


@torch.no_grad()
def weigh(
    scale: float, anchors: Tensor, others: Tensor, mask: Tensor, instances: Instances, objective: Objective
) -> tuple[Tensor, dict[str, Tensor]]:
    """How hard each negative pulls, (m, n), with scores and losses by name."""
    scores = scale * torch.einsum("md,mkd->mk", anchors, others)
    loss = objective(Scores(scores[:, 0], scores[:, 1:], mask))
    weights = loss.weights
    if instances.weights is not None:
        weights = torch.from_numpy(instances.weights).to(scores) * mask
    count = mask.sum(1).clamp_min(1)
    seen = {
        "loss": (loss.pairs * mask).sum(1) / count,
        "positive_score": scores[:, 0],
        "negative_score": torch.where(mask, scores[:, 1:], torch.nan),
        "weights": weights,
    }
    return weights, seen


def cotangents(scale: float, anchors: Tensor, others: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients at the anchor (m, D) and at positive and negatives (m, 1 + n, D) of sum_n w_n (s_n - s+)."""
    signed = torch.cat([-weights.sum(1, keepdim=True), weights], dim=1) * scale  # (m, 1 + n)
    return torch.einsum("mk,mkd->md", signed, others), signed.unsqueeze(2) * anchors.unsqueeze(1)


def assemble(
    model: DualEncoder, squares: dict[str, np.ndarray], seen: dict[str, np.ndarray]
) -> InstanceNorms:
    """Norms by parameter, band and in total from squared ones; parameters that got no gradient count zero."""
    m = len(seen["output"])
    zero = np.zeros(m)
    by_name = {name: squares.get(name, zero) for name, _ in model.named_parameters()}
    names = {id(p): name for name, p in model.named_parameters()}
    bands = {
        band: np.sqrt(np.sum([by_name[names[id(p)]] for p in parameters], axis=0))
        for band, parameters in model.bands().items()
    }
    return InstanceNorms(
        total=np.sqrt(np.sum(list(by_name.values()), axis=0)),
        bands=bands,
        parameters={name: np.sqrt(value) for name, value in by_name.items()},
        notes=notes_on(model),
        **seen,
    )


def notes_on(model: DualEncoder) -> tuple[str, ...]:
    """What a reader of the norms should know, a sentence each: frozen parameters, precision."""
    notes = []
    frozen = sum(p.numel() for p in model.parameters() if not p.requires_grad)
    if frozen:
        notes.append(f"{frozen:,} parameters are frozen and count zero")
    if model.config.precision != "fp32" and model.config.kind != "static":
        notes.append("measured in float32, whatever the precision of the training")
    return tuple(notes)


def check_finite(model: DualEncoder) -> None:
    """ConfigError where a weight is not a number: every norm would be one."""
    for name, parameter in model.named_parameters():
        if not torch.isfinite(parameter.detach().sum()):
            raise ConfigError(
                f"probe: parameter '{name}' holds values that are not finite; the run has diverged: probe an earlier "
                "step, or train with a lower optimizer.learning_rate"
            )


@contextmanager
def evaluating(model: DualEncoder) -> Iterator[None]:
    """Dropout off and no autocast; both are put back."""
    training = model.training
    device = next(model.parameters()).device.type
    model.eval()
    try:
        with torch.autocast(device, enabled=False):
            yield
    finally:
        model.train(training)
