"""The `hf` encoder: any pretrained `AutoModel`, from a folder or the hub, with the modules around it if there are any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn
from transformers import PreTrainedModel

from ..config import EncoderConfig
from ..data.model_modules import read_model_folder
from ..data.model_parts import Stack
from ..errors import ConfigError
from .backbones import load_backbone, positions
from .folder_head import folder_head
from .layers import Head
from .transformer import TransformerTower


def pretrained_towers(
    config: EncoderConfig, vocab_size: int, pad_id: int, saved: Path | None = None
) -> tuple[TransformerTower, ...]:
    """The tower of `config.model`, or its two, for queries and for documents, where the folder has two of its own.

    Its head is fresh, or the folder's. With `saved`, the folder of a model saved here, only the architecture is read,
    from there. Raises ConfigError for what cannot be loaded, or does not fit the settings.
    """
    place = str(saved or config.model or "")
    found = read_model_folder(place)
    if found is None:
        return (_tower(config, place, None, vocab_size, pad_id, saved is None),)
    two = config.towers == "untied" if saved else found.two_towers
    stacks = (found.query, found.document) if two else (found.document,)
    return tuple(_tower(config, s.transformer, s, vocab_size, pad_id, saved is None) for s in stacks)


def _tower(
    config: EncoderConfig, place: str, stack: Stack | None, vocab_size: int, pad_id: int, weights: bool
) -> TransformerTower:
    model = config.model or ""
    backbone = load_backbone(model, place, config.dropout, weights=weights)
    _check_fits(config, vocab_size, backbone)
    return TransformerTower(backbone, _head(config, stack, backbone, weights), config.pooling, pad_id)


def _head(config: EncoderConfig, stack: Stack | None, backbone: Any, weights: bool) -> nn.Module:
    if config.head == "ance":
        return Head(backbone.config.hidden_size, config.dim, identity=True)
    if stack is None:
        raise ConfigError(
            f"encoder.head: 'folder' given, but {config.model!r} is a transformer alone, without modules.json: set it to "
            "'ance'"
        )
    if stack.dim not in (None, config.dim):
        raise ConfigError(
            f"encoder.dim: {config.dim}, but the modules of {config.model!r} end in {stack.dim} numbers: leave it out, or "
            "set encoder.head to 'ance'"
        )
    return folder_head(stack.head, config.similarity == "cosine", config.model or "", weights=weights)


def _check_fits(config: EncoderConfig, vocab_size: int, backbone: PreTrainedModel) -> None:
    embeddings: Any = backbone.get_input_embeddings()
    rows = embeddings.weight.shape[0]
    if vocab_size > rows:
        raise ConfigError(
            f"encoder.model: {config.model!r} embeds {rows} tokens but its tokenizer makes {vocab_size}: "
            "use the tokenizer the model was trained with"
        )
    longest = max(config.max_query_tokens, config.max_document_tokens)
    room = positions(backbone)
    if room is not None and room < longest:
        raise ConfigError(
            f"encoder.max_document_tokens, max_query_tokens: {longest} exceeds the {room} positions of "
            f"{config.model!r}: set them to {room} or less"
        )
