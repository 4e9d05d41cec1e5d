"""The dual encoder: a query tower, a document tower, and how two vectors become a score."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ance_core.config import EncoderConfig
from ance_core.encoders.batch import TokenBatch
from ance_core.encoders.init import corpus_embeddings
from ance_core.encoders.layers import Bands, merge_bands
from ance_core.encoders.static import StaticTower

if TYPE_CHECKING:
    from ance_core.data import Dataset, TokenizedDataset


class DualEncoder(nn.Module):
    """Two towers and a similarity: score(q, d) = scale * <q, d>.

    `query_tower` and `document_tower` are one object when weights are shared. Vectors have unit length when
    the similarity is cosine.
    """

    def __init__(self, config: EncoderConfig, query_tower: nn.Module, document_tower: nn.Module) -> None:
        super().__init__()
        self.config = config
        self.scale = config.scale
        self.query_tower: Any = query_tower
        self.document_tower: Any = document_tower

    def encode_queries(self, batch: TokenBatch) -> Tensor:
        """(B, dim) float32."""
        return self._similarity_space(self.query_tower(batch))

    def encode_documents(self, batch: TokenBatch) -> Tensor:
        """(B, dim) float32."""
        return self._similarity_space(self.document_tower(batch))

    def forward(self, queries: TokenBatch, documents: TokenBatch) -> tuple[Tensor, Tensor]:
        """Both sides of a training batch: (Q, dim) and (D, dim)."""
        return self.encode_queries(queries), self.encode_documents(documents)

    def bands(self) -> Bands:
        """Every parameter in exactly one of "embeddings", "bottom", "middle", "top", "head" (those that exist).

        Untied towers contribute to the same bands.
        """
        towers = [self.query_tower] + ([self.document_tower] if self.untied else [])
        return merge_bands(*(tower.bands() for tower in towers))

    @property
    def untied(self) -> bool:
        """Whether the towers have weights of their own."""
        return self.query_tower is not self.document_tower

    def _similarity_space(self, vectors: Tensor) -> Tensor:
        return F.normalize(vectors, dim=-1) if self.config.similarity == "cosine" else vectors


def build_encoder(
    config: EncoderConfig, dataset: Dataset, tokens: TokenizedDataset, seed: int
) -> DualEncoder:
    """A fresh dual encoder: the same config, corpus and seed give the same weights, bit for bit.

    Torch's global generator is left as it was. Untied towers start from the same weights. Raises ConfigError
    when a pretrained model cannot be loaded.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tower = _tower(config, tokens, seed)
    return assemble(config, tower)


def assemble(config: EncoderConfig, tower: nn.Module) -> DualEncoder:
    """`tower` for both sides, or for one side and an equal copy of it for the other."""
    return DualEncoder(config, tower, copy.deepcopy(tower) if config.towers == "untied" else tower)


def _tower(config: EncoderConfig, tokens: TokenizedDataset, seed: int) -> nn.Module:
    tower = StaticTower(tokens.vocab_size, config.width, config.dim)
    if config.init == "corpus":
        directions, weights = corpus_embeddings(tokens.docs, tokens.vocab_size, config.width, seed)
        tower.bag.embedding.weight.data.copy_(torch.from_numpy(directions))
        tower.bag.token_weight.data.copy_(torch.from_numpy(weights))
    return tower
