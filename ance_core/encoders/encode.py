"""Texts to vectors in bulk: what a refresh, an evaluation and a search spend their time in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from .batch import TokenBatch
from .dual import DualEncoder
from .precision import resolve_precision

if TYPE_CHECKING:
    from ..data.tokens import Tokens

TOKENS_PER_BATCH = {"static": 131_072, "mini": 8_192, "hf": 8_192}
"""Token budget of a batch, padding included: large enough to keep kernels busy, small for the caches."""


def encode_corpus(
    model: DualEncoder,
    tokens: Tokens,
    rows: np.ndarray | None = None,
    side: Literal["query", "document"] = "document",
    *,
    autocast: bool = False,
) -> np.ndarray:
    """Embeddings of the texts `rows` (all of them when None), (N, dim) float32, in the order of `rows`.

    Texts are taken by length, so that a batch hardly pads, and a batch holds a budget of tokens, not of
    texts. Dropout is off and the model's mode is put back afterwards. `autocast` computes in the precision
    the model's config resolves to. Uses torch's current number of threads.
    """
    rows = np.arange(len(tokens.offsets) - 1) if rows is None else np.asarray(rows)
    encode = model.encode_queries if side == "query" else model.encode_documents
    device = next(model.parameters()).device
    dtype = resolve_precision(model.config) if autocast else None
    out = np.empty((len(rows), model.config.dim), dtype=np.float32)
    training = model.training
    model.eval()
    try:
        with torch.inference_mode(), torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
            for part in batches_by_length(tokens.lengths()[rows], TOKENS_PER_BATCH[model.config.kind]):
                vectors = encode(TokenBatch.of(tokens, rows[part]).to(device))
                out[part] = vectors.float().cpu().numpy()
    finally:
        model.train(training)
    return out


def batches_by_length(lengths: np.ndarray, budget: int) -> Iterator[np.ndarray]:
    """Positions of `lengths` in batches, longest text first; texts x longest stays within `budget` tokens.

    A text longer than the budget is a batch of its own. Equal lengths keep their order.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        size = max(budget // max(int(lengths[order[start]]), 1), 1)
        yield order[start : start + size]
        start += size
