"""A transformer, pooling, a head: what the `mini` and `hf` encoders have in common.

The head is ANCE's projection + LayerNorm, or what a folder brings. No pooler weights: ANCE reads token states.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.utils import logging as transformers_logging

from .batch import TokenBatch
from .layers import Bands, band_of_layer, merge_bands
from .pooling import pool


class TransformerTower(nn.Module):
    """`TokenBatch` of B texts -> (B, dim) float32. Batches are padded to their own longest text."""

    ragged = False

    def __init__(self, backbone: PreTrainedModel, head: nn.Module, pooling: str, pad_id: int) -> None:
        super().__init__()
        self.backbone: Any = backbone
        self.pooling = pooling
        self.pad_id = pad_id
        self.head: Any = head

    def forward(self, batch: TokenBatch) -> Tensor:
        """(B, dim), before any normalisation to unit length."""
        ids, mask = batch.padded(self.pad_id)
        vectors: Tensor = self.head(pool(self.token_states(ids, mask), mask, self.pooling))
        return vectors

    def token_states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Ids and mask (B, L) -> last hidden states (B, L, width)."""
        return self.backbone(input_ids=ids, attention_mask=mask.long()).last_hidden_state

    def bands(self) -> Bands:
        """Embedding tables, the stack of layers in up to three parts, the head."""
        return merge_bands(backbone_bands(self.backbone), {"head": list(self.head.parameters())})


def backbone_bands(backbone: nn.Module) -> Bands:
    """Every parameter of a transformer by band: the layer stack in thirds, tables before it, the rest `top`.

    The stack is the longest ModuleList; a parameter outside it belongs to "embeddings" when its name says
    so, or it is the token table itself (T5 calls it `shared`), else to "top" (a final norm).
    """
    table: Any = getattr(backbone, "get_input_embeddings", lambda: None)()
    words = {id(parameter) for parameter in table.parameters()} if table is not None else set()
    stacks = [(name, m) for name, m in backbone.named_modules() if isinstance(m, nn.ModuleList)]
    name, stack = max(stacks, key=lambda item: len(item[1]), default=("", nn.ModuleList()))
    bands: Bands = {}
    for key, parameter in backbone.named_parameters():
        if name and key.startswith(name + "."):
            band = band_of_layer(int(key[len(name) + 1 :].split(".")[0]), len(stack))
        else:
            named = "embed" in key.lower() or "wte" in key or "wpe" in key
            band = "embeddings" if named or id(parameter) in words else "top"
        bands.setdefault(band, []).append(parameter)
    return bands


def attention_kind() -> str:
    """ "eager" on a processor, else "sdpa".

    PyTorch's fused attention has no good bfloat16 backward pass there: 64 texts of 128 tokens, 2 heads of 64,
    took 4 + 44 ms (forward + backward) in one layer, against 5 + 6 ms for two plain products and a softmax.
    """
    return "sdpa" if torch.cuda.is_available() else "eager"


@contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' progress bars, and its report on the pooler left out on purpose."""
    reports = logging.getLogger("transformers.modeling_utils")
    level, bar = reports.level, transformers_logging.is_progress_bar_enabled()
    reports.setLevel(logging.ERROR)
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        reports.setLevel(level)
        if bar:
            transformers_logging.enable_progress_bar()
