"""The dual encoder: a query tower, a document tower, and how two vectors become a score."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import EncoderConfig
from ..errors import ConfigError
from .batch import TokenBatch
from .from_table import table_start
from .init import corpus_embeddings
from .layers import Bands, merge_bands
from .static import StaticTower

if TYPE_CHECKING:
    from pathlib import Path

    from ..data.dataset import Dataset
    from ..data.tokens import TokenizedDataset


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
        """Both sides of a training batch, (Q, dim) and (D, dim): what a training step calls.

        A shared tower whose cost does not depend on padding takes both sides in one pass: its embedding
        table then gets one gradient of its own size instead of two and their sum.
        """
        if self.untied or not self.query_tower.ragged:
            return self.encode_queries(queries), self.encode_documents(documents)
        both = self._similarity_space(self.query_tower(TokenBatch.joined(queries, documents)))
        return both[: len(queries)], both[len(queries) :]

    def bands(self) -> Bands:
        """Every parameter once, by band: "embeddings", "bottom", "middle", "top", "head"; those that exist.

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
    when a pretrained model or table cannot be loaded.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        towers = fresh_towers(config, tokens.vocab_size, tokens.pad_id)
    if config.kind == "hf" or config.init == "random":
        return assemble(config, towers)
    (tower,) = towers
    if tokens.table is not None:
        tower.start_from(*table_start(tokens.table, tokens.docs, config, seed))
    else:
        tower.start_from(*corpus_embeddings(tokens.docs, tokens.vocab_size, config.width, seed))
    return assemble(config, towers)


def assemble(config: EncoderConfig, towers: Sequence[Any]) -> DualEncoder:
    """The dual encoder of a tower for queries and one for documents; of one for both sides, or with an equal copy of it.

    ConfigError for two towers where one is to be shared.
    """
    query, document = towers[0], towers[-1]
    if query is not document and config.towers == "shared":
        raise ConfigError(
            f"encoder.towers: {config.model!r} has a tower for queries and one for documents, 'shared' would drop one of "
            "them: set it to 'untied'"
        )
    untied = config.towers == "untied" and query is document
    return DualEncoder(config, query, copy.deepcopy(document) if untied else document)


def fresh_towers(
    config: EncoderConfig, vocab_size: int, pad_id: int, saved: Path | None = None
) -> tuple[Any, ...]:
    """A tower with weights from torch's generator, or those of the pretrained `config.model`, which may have two.

    With `saved`, a folder that `save_model` wrote, `hf` takes its architecture from there and loads no weights.
    """
    if config.kind == "static":
        return (StaticTower(vocab_size, config.width, config.dim),)
    # transformers takes seconds to import, and `static` does not need it
    if config.kind == "mini":
        from .mini import mini_tower

        return (mini_tower(config, vocab_size, pad_id),)
    from .pretrained import pretrained_towers

    return pretrained_towers(config, vocab_size, pad_id, saved)
