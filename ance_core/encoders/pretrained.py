"""The `hf` encoder: any pretrained `AutoModel`, from a folder or the hub."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, PreTrainedModel

from ..config import EncoderConfig
from ..errors import ConfigError
from .transformer import TransformerTower, attention_kind, quiet

logger = logging.getLogger(__name__)


def pretrained_tower(
    config: EncoderConfig, vocab_size: int, pad_id: int, saved: Path | None = None
) -> TransformerTower:
    """A tower with the weights of `config.model` and a fresh head; `saved` as for `pretrained_backbone`."""
    backbone = pretrained_backbone(config, saved)
    _check_fits(config, vocab_size, backbone)
    return TransformerTower(backbone, config.dim, config.pooling, pad_id)


def pretrained_backbone(config: EncoderConfig, saved: Path | None = None) -> PreTrainedModel:
    """`AutoModel` of a folder or hub id in float32, dropout as configured, without a pooler where it has one.

    With `saved`, only the architecture is read, from that folder. Raises ConfigError if it cannot load.
    """
    settings: dict[str, Any] = {"dtype": torch.float32, "attn_implementation": attention_kind()}
    try:
        with quiet():
            if saved is not None:
                model = _without_pooler(AutoModel.from_config, AutoConfig.from_pretrained(saved), settings)
            else:
                settings["output_loading_info"] = True
                model, info = _without_pooler(AutoModel.from_pretrained, config.model, settings)
                if info["missing_keys"]:
                    logger.warning(
                        "%s lacks weights, now random: %s", config.model, sorted(info["missing_keys"])
                    )
    except (
        Exception
    ) as error:  # besides OSError and ValueError, safetensors' and torch's own for damaged weights
        raise ConfigError(
            f"encoder.model: {saved or config.model!r} is neither a model folder nor a hub id within reach "
            f"({_first_line(error)}): check the path, or download it once with network"
        ) from None
    _set_dropout(model, config.dropout)
    return model


def _without_pooler(make: Callable[..., Any], what: Any, settings: dict[str, Any]) -> Any:
    try:
        return make(what, add_pooling_layer=False, **settings)
    except TypeError:  # architectures without a pooler do not know the argument
        return make(what, **settings)


def _check_fits(config: EncoderConfig, vocab_size: int, backbone: PreTrainedModel) -> None:
    if backbone.config.is_encoder_decoder:
        raise ConfigError(
            f"encoder.model: {config.model!r} is an encoder-decoder: choose an encoder such as BERT"
        )
    embeddings: Any = backbone.get_input_embeddings()
    rows = embeddings.weight.shape[0]
    if vocab_size > rows:
        raise ConfigError(
            f"encoder.model: {config.model!r} embeds {rows} tokens but its tokenizer makes {vocab_size}: "
            "use the tokenizer the model was trained with"
        )
    longest = max(config.max_query_tokens, config.max_document_tokens)
    room = getattr(backbone.config, "max_position_embeddings", None)
    if room is not None and 0 < room < longest:
        raise ConfigError(
            f"encoder.max_document_tokens, max_query_tokens: {longest} exceeds the {room} positions of "
            f"{config.model!r}: set them to {room} or less"
        )


def _set_dropout(model: PreTrainedModel, rate: float) -> None:
    for key in ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout"):
        if isinstance(getattr(model.config, key, None), float):
            setattr(model.config, key, rate)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = rate


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")
