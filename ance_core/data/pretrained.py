"""Tokenizers of pretrained models, behind the same few questions as the ones trained here."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer, normalizers

from ..errors import ConfigError
from .model_modules import read_model_folder
from .table_files import WORDLLAMA, is_table

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Without one of these a library version may invent an empty tokenizer from the model type instead of failing.
TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model", "tekken.json")


def load_tokenizer(model: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a model folder or hub id, in a sentence-transformers folder its Transformer's.

    ConfigError if there is none, or only a slow one.
    """
    folder = Path(os.path.expanduser(model))
    if not folder.is_dir() and (folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1):
        raise ConfigError(f"encoder.model: {model}: no such folder; check the path")
    if model == WORDLLAMA or (folder.is_dir() and is_table(model)):
        raise ConfigError(
            f"encoder.model: {model}: a table of token vectors, no transformer: write --encoder static:{model}"
        )
    found = read_model_folder(model)
    if found is None:
        return read_tokenizer(model)
    tokenizer = read_tokenizer(found.document.transformer)
    if found.document.lower_case:
        _lower(tokenizer.backend_tokenizer)
    return tokenizer


def read_tokenizer(model: str) -> PreTrainedTokenizerBase:
    """The tokenizer that lies in a folder itself, or has this hub id. Errors as for `load_tokenizer`."""
    folder = Path(model).expanduser()
    if folder.is_dir() and not any(any(folder.glob(name)) for name in TOKENIZER_FILES):
        raise ConfigError(
            f"encoder.model: {model}: no tokenizer in the folder (looked for {', '.join(TOKENIZER_FILES)}): "
            "save one there with tokenizer.save_pretrained(folder)"
        )
    from transformers import AutoTokenizer  # slow to import, and only this kind of encoder needs it

    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
    except Exception as error:  # the library raises OSError, ValueError, KeyError and its own kinds here
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(
            f"encoder.model: {model}: its tokenizer cannot be loaded ({reason}): check folder or id"
        ) from None
    if not tokenizer.is_fast:
        raise ConfigError(
            f"encoder.model: {model}: only a slow tokenizer: convert it to a tokenizer.json first"
        )
    return tokenizer


def _lower(tokenizer: Tokenizer) -> None:
    """Lower-case texts first, as sentence-transformers does where `do_lower_case` is set."""
    own = tokenizer.normalizer
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *([own] if own else [])])


def backend_of(tokenizer: Any) -> Tokenizer:
    """The `tokenizers` object that does the work."""
    return tokenizer if isinstance(tokenizer, Tokenizer) else tokenizer.backend_tokenizer


def pad_id_of(tokenizer: Any) -> int:
    """Id to fill batches with; masks hide it, so models without a padding token get another special one."""
    if isinstance(tokenizer, Tokenizer):
        return tokenizer.token_to_id("[PAD]") or 0
    return int(tokenizer.convert_tokens_to_ids(pad_token_of(tokenizer)))


def pad_token_of(tokenizer: Any) -> str:
    """The padding token of a model's tokenizer, or else the special token that takes its place.

    ConfigError where there is no special token at all: a word of the text cannot do, since it would be cut out of texts.
    """
    special = [tokenizer.pad_token, tokenizer.eos_token, tokenizer.unk_token, *tokenizer.all_special_tokens]
    found = next((token for token in special if token is not None), None)
    if found is None:
        raise ConfigError(
            f"encoder.model: {tokenizer.name_or_path}: its tokenizer has no special token to fill batches with: set "
            "tokenizer.pad_token to a token of its vocabulary and save it again"
        )
    return str(found)


def unknown_token_id(tokenizer: Tokenizer) -> int | None:
    """Id of what stands for unknown words in any of the four kinds of model; None where there is none."""
    model = tokenizer.model
    if hasattr(model, "unk_token"):
        return None if model.unk_token is None else tokenizer.token_to_id(model.unk_token)
    found: int | None = json.loads(tokenizer.to_str())["model"].get("unk_id")  # Unigram tells it nowhere else
    return found
