"""A trained dual encoder as a folder: loads here bit for bit, and in `SentenceTransformer(folder)`.

    ance.json            the encoder's settings, and what the tokenizer needs
    model.safetensors    every weight of both towers, exact
    tokenizer.json ...   the tokenizer
    modules.json, 0_...  the same encoder in sentence-transformers' own modules

The last line repeats the weights, in another arrangement: the price of a folder that needs neither this
package nor `trust_remote_code` to be used.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn

from ..config import EncoderConfig, parse
from ..errors import ConfigError, StoreError
from ..fields import MOST
from ..runs.headers import check_safetensors
from ..runs.reading import brief, read_json
from .dual import DualEncoder, assemble, fresh_towers
from .interop import write_pieces

if TYPE_CHECKING:
    from ..data.tokens import TokenizedDataset

FORMAT = 1


def save_model(model: DualEncoder, tokens: TokenizedDataset, folder: Path) -> None:
    """Write `folder`, replacing what is there; it appears by one rename, complete or not at all.

    sentence-transformers knows one length limit a module, so two lengths, like two towers, are two routes, for
    `encode_query` and `encode_document`; its plain `encode` reads documents. It reads one passage a document, its first,
    also where the encoder was trained with more (MaxP). Raises ConfigError if the folder cannot be written.
    """
    folder = Path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _write(model, tokens, temporary)
            temporary.chmod(0o755)  # mkdtemp's 0700 would hide the model from other users
            _put_in_place(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"model folder {folder}: cannot be written ({reason}): choose another place"
        ) from None


def load_model(folder: Path) -> tuple[DualEncoder, Any]:
    """The dual encoder saved in `folder`, in evaluation mode, and its tokenizer.

    The tokenizer is a `tokenizers.Tokenizer` for encoders trained from scratch, the model's own for `hf`.
    Raises ConfigError for a folder without a model or a tokenizer, of a newer format, or with weights that
    do not fit its settings.
    """
    folder = Path(folder)
    about = _read_about(folder)
    config: EncoderConfig = parse(EncoderConfig, about["encoder"], where=f"model folder {folder}: ance.json")
    tokenizer = _read_tokenizer(config, folder)
    weights = _read_weights(folder / "model.safetensors")
    if config.kind == "hf":
        _check_backbone(folder)
    with torch.random.fork_rng(devices=[]):  # the fresh weights are drawn only to be overwritten
        towers = fresh_towers(config, about["vocab_size"], about["pad_id"], folder)
    model = assemble(config, towers)
    _fill(model, weights, folder)
    return model.eval(), tokenizer


def _check_backbone(folder: Path) -> None:
    if not any(folder.glob("**/*_Transformer/config.json")):
        raise ConfigError(f"model folder {folder}: no *_Transformer/config.json: save the model again")


def _write(model: DualEncoder, tokens: TokenizedDataset, folder: Path) -> None:
    about = {
        "format": FORMAT,
        "encoder": model.config.model_dump(mode="json"),
        "vocab_size": tokens.vocab_size,
        "pad_id": tokens.pad_id,
    }
    (folder / "ance.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    save_file(_own_weights(model), folder / "model.safetensors")
    if isinstance(tokens.tokenizer, Tokenizer):
        tokens.tokenizer.save(str(folder / "tokenizer.json"))
    else:
        tokens.tokenizer.save_pretrained(folder)
    write_pieces(model, tokens.tokenizer, folder)


def _own_weights(model: DualEncoder) -> dict[str, torch.Tensor]:
    """The state dict with shared towers stored once (as the query tower)."""
    skipped = "" if model.untied else "document_tower."
    state = model.state_dict()
    kept = {key: value for key, value in state.items() if not (skipped and key.startswith(skipped))}
    return {key: value.detach().cpu().contiguous().clone() for key, value in kept.items()}


def _put_in_place(temporary: Path, folder: Path) -> None:
    if folder.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent)) / folder.name
        folder.rename(old)
        temporary.rename(folder)
        shutil.rmtree(old.parent, ignore_errors=True)
    else:
        temporary.rename(folder)


def _read_about(folder: Path) -> dict[str, Any]:
    path = folder / "ance.json"
    try:
        about = read_json(path)
        version, _ = about["format"], (about["encoder"], about["vocab_size"], about["pad_id"])
        if (
            not isinstance(version, int)
            or not 0 < about["vocab_size"] <= MOST
            or not 0 <= about["pad_id"] <= MOST
        ):
            raise ValueError
    except (StoreError, ValueError, KeyError, TypeError):
        raise ConfigError(
            f"model folder {folder}: not a saved encoder (no readable ance.json): give the `model` "
            "folder of a run, or load other models with --encoder hf:FOLDER"
        ) from None
    if version > FORMAT:
        raise ConfigError(
            f"model folder {folder}: written by a newer version (format {version}, this one reads {FORMAT}): "
            "upgrade"
        )
    return about


def _read_tokenizer(config: EncoderConfig, folder: Path) -> Any:
    path = folder / "tokenizer.json"
    if config.kind == "hf":
        from ..data.pretrained import read_tokenizer

        return read_tokenizer(str(folder))
    if not path.is_file():
        raise ConfigError(
            f"model folder {folder}: no tokenizer.json: copy it from where the model was saved, or save again"
        )
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # `tokenizers` has no kind of its own
        raise ConfigError(
            f"model folder {folder}: tokenizer.json cannot be read ({brief(error)}): copy it from where the model was "
            "saved, or save again"
        ) from None


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    try:
        check_safetensors(path)
        return load_file(path)
    except Exception as error:  # safetensors' own, OSError, ValueError and others
        raise ConfigError(
            f"model folder {path.parent}: model.safetensors cannot be read ({brief(error)}): save the model again"
        ) from None


def _fill(model: nn.Module, weights: dict[str, torch.Tensor], folder: Path) -> None:
    """Copy `weights` in; shared towers have theirs under one name. Any misfit is a ConfigError."""
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    if not model.untied:
        shapes = {key: shape for key, shape in shapes.items() if not key.startswith("document_tower.")}
    for key in sorted(shapes.keys() | weights.keys()):
        found = tuple(weights[key].shape) if key in weights else "absent"
        wanted = shapes.get(key, "absent")
        if found != wanted:
            raise ConfigError(
                f"model folder {folder}: {key} is {found} in model.safetensors, but ance.json implies "
                f"{wanted}: restore the settings the model was saved with"
            )
    model.load_state_dict(weights, strict=False)
