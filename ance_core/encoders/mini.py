"""The `mini` encoder: a BERT made from scratch, small enough to train on a laptop (post-norm, GELU)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import BertConfig, BertModel

from ..config import EncoderConfig
from .layers import Head
from .transformer import TransformerTower, attention_kind

COMMON_LENGTH = 1.0
"""Length of the component all tokens share at the start, against 1 for a token of typical idf."""
POSITION_SCALE = 0.25
"""Position embeddings start at this share of BERT's .02, so that they do not drown the corpus directions."""


class MiniTower(TransformerTower):
    """A tower over our own BERT: starts from the corpus, computes in autocast's precision throughout."""

    def token_states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Ids and mask (B, L) -> last hidden states (B, L, width).

        `BertModel` leaves the embeddings' output in float32, and every sum with it: each linear layer then
        converts its input again. One conversion here saves them all.
        """
        states = self.backbone.embeddings(input_ids=ids)
        device = states.device.type
        if torch.is_autocast_enabled(device):
            states = states.to(torch.get_autocast_dtype(device))
        bias = None  # nothing is padded: attention needs no mask
        if not mask.all():
            bias = torch.zeros_like(mask, dtype=states.dtype).masked_fill_(
                ~mask, torch.finfo(states.dtype).min
            )
            bias = bias[:, None, None, :]  # (B, 1, 1, L), added to the attention logits
        return self.backbone.encoder(states, attention_mask=bias).last_hidden_state

    @torch.no_grad()
    def start_from(self, directions: np.ndarray, weights: np.ndarray) -> None:
        """Take token embeddings (V, width) and token weights (V,) from the corpus.

        BERT normalises each token's embedding, which would undo a weight by length. So every token also gets
        one common component c, orthogonal to all directions: normalised, w e + c keeps its share of e growing
        with w. The head starts by projecting c out, or texts would all look alike. Layers start near the
        identity, so the untrained encoder ranks nearly as `static` does.
        """
        tables: Any = self.backbone.embeddings
        words = torch.from_numpy(directions).clone()
        common = torch.ones(words.shape[1])
        common[1::2] = -1  # of mean zero: LayerNorm takes the mean away
        common -= common.mean()
        common /= common.norm()
        lengths = words.norm(dim=1, keepdim=True)
        words -= torch.outer(words @ common, common)
        words *= lengths / words.norm(dim=1, keepdim=True).clamp(min=1e-9)
        tables.word_embeddings.weight.copy_(words * torch.from_numpy(weights).unsqueeze(1))
        tables.token_type_embeddings.weight.copy_(COMMON_LENGTH * common.unsqueeze(0))
        tables.position_embeddings.weight.mul_(POSITION_SCALE)
        projection = self.head.projection.weight  # (dim, width)
        projection -= torch.outer(projection @ common, common)


def mini_tower(config: EncoderConfig, vocab_size: int, pad_id: int) -> MiniTower:
    """A tower with fresh weights from torch's generator."""
    backbone = mini_backbone(config, vocab_size, pad_id)
    return MiniTower(backbone, Head(config.width, config.dim, identity=True), config.pooling, pad_id)


def mini_backbone(config: EncoderConfig, vocab_size: int, pad_id: int) -> BertModel:
    """A BERT from scratch: `layers` x `width`, feed-forward 4 * width, positions for the longest text."""
    settings = BertConfig(
        vocab_size=vocab_size,
        hidden_size=config.width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        intermediate_size=4 * config.width,
        max_position_embeddings=max(config.max_query_tokens, config.max_document_tokens),
        type_vocab_size=1,
        pad_token_id=pad_id,
        hidden_dropout_prob=config.dropout,
        attention_probs_dropout_prob=config.dropout,
    )
    settings._attn_implementation = attention_kind()
    return BertModel(settings, add_pooling_layer=False)
