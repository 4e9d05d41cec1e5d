"""The transformer inside an `hf` encoder: which class reads it, dropout as configured, how long a text it takes."""

from __future__ import annotations

import inspect
import logging
from typing import Any

import torch
import transformers
from torch import nn
from transformers import AutoConfig, AutoModel, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_MAPPING

from ..errors import ConfigError
from .transformer import attention_kind, quiet

logger = logging.getLogger(__name__)


def load_backbone(model: str, place: str, dropout: float, *, weights: bool = True) -> PreTrainedModel:
    """The transformer of a folder or hub id, in float32 and without a pooler where it has one.

    model: as the user wrote it; place: where its config and weights lie. Without `weights` only the architecture is
    read. Of an encoder-decoder it is the encoder. Raises ConfigError if it cannot load, or is a decoder that cannot do
    without what it decodes.
    """
    try:
        with quiet():
            settings = AutoConfig.from_pretrained(place)
            kind = _encoder_class(settings, model)
            _set_dropout(settings, dropout)
            found = _make(kind, settings, place if weights else None, model)
    except ConfigError:
        raise
    except (
        Exception
    ) as error:  # besides OSError and ValueError, safetensors' and torch's own for damaged weights
        raise ConfigError(
            f"encoder.model: {model!r} is neither a model folder nor a hub id within reach ({_first_line(error)}): check "
            "the path, or download it once with network"
        ) from None
    for module in found.modules():
        if isinstance(module, nn.Dropout):
            module.p = dropout
    return found


def positions(backbone: Any) -> int | None:
    """Tokens of the longest text a model takes; None where nothing limits it.

    RoBERTa and its relatives number tokens from padding's own id + 1, so of their rows that many cannot be used.
    """
    rows: int | None = getattr(backbone.config, "max_position_embeddings", None)
    for module in backbone.modules():
        offset, table = getattr(module, "padding_idx", None), getattr(module, "position_embeddings", None)
        if isinstance(offset, int) and isinstance(table, nn.Embedding):
            return table.num_embeddings - offset - 1
    return rows if rows is not None and rows > 0 else None  # XLNet says -1


def _encoder_class(settings: Any, model: str) -> Any:
    """What reads this architecture. By what its forward needs: `is_encoder_decoder` says how a file was saved."""
    whole: Any = MODEL_MAPPING.get(type(settings), None)
    whole = whole[0] if isinstance(whole, tuple | list) else whole
    if whole is None or "decoder_input_ids" not in inspect.signature(whole.forward).parameters:
        return AutoModel
    half = getattr(transformers, whole.__name__.removesuffix("Model") + "EncoderModel", None)
    if half is None:
        raise ConfigError(
            f"encoder.model: {model!r} is an encoder-decoder ({whole.__name__}) whose encoder does not stand alone: choose "
            "an encoder such as BERT, or one whose encoder does, such as T5"
        )
    settings.is_encoder_decoder = False
    return half


def _make(kind: Any, settings: Any, place: str | None, model: str) -> PreTrainedModel:
    options: dict[str, Any] = {"dtype": torch.float32, "attn_implementation": attention_kind()}
    if place is None:
        build = kind.from_config if kind is AutoModel else kind._from_config
        return _without_pooler(build, settings, options)
    options |= {"config": settings, "output_loading_info": True}
    found, info = _without_pooler(kind.from_pretrained, place, options)
    if info["missing_keys"]:
        logger.warning("%s lacks weights, now random: %s", model, sorted(info["missing_keys"]))
    return found


def _without_pooler(make: Any, what: Any, options: dict[str, Any]) -> Any:
    try:
        return make(what, add_pooling_layer=False, **options)
    except TypeError:  # architectures without a pooler do not know the argument
        return make(what, **options)


def _set_dropout(settings: Any, rate: float) -> None:
    """Before the model is built: many layers copy the rate into a plain number. Nothing is generated, so no cache."""
    for key, value in settings.to_dict().items():
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and ("dropout" in key or key.endswith("pdrop"))
        ):
            setattr(settings, key, rate)
    if hasattr(settings, "use_cache"):
        settings.use_cache = False


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
