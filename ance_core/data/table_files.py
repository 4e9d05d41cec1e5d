"""Where a pretrained table of token vectors lies: a model2vec folder, a `StaticEmbedding` one, or `wordllama`.

    model2vec           config.json, model.safetensors (`embeddings`, newer ones `weights` and `mapping` too),
                        tokenizer.json
    StaticEmbedding     modules.json that names the module's folder (or none, and the folder itself), with
                        model.safetensors (`embedding.weight`) and tokenizer.json; Normalize may follow
    wordllama           the files inside the installed package of that name

Only small files and the header of the weights are read here.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ..errors import ConfigError

WORDLLAMA = "wordllama"
WORDLLAMA_FILES = (
    "wordllama/weights/l2_supercat_256.safetensors",
    "wordllama/tokenizers/l2_supercat_tokenizer_config.json",
)
TABLE_KEYS = {"embeddings": "model2vec", "embedding.weight": "StaticEmbedding"}
"""How the table is called in model.safetensors, and which form of folder calls it so."""


@dataclass(frozen=True)
class TableFiles:
    """A table's files and what their headers say. model: as the user wrote it."""

    model: str
    form: str  # "model2vec", "StaticEmbedding" or "wordllama"
    weights: Path
    tokenizer: Path
    key: str  # the table's name in the weights file
    tensors: dict[str, tuple[str, tuple[int, ...]]]  # name -> (number format, shape) of all that is there

    @property
    def width(self) -> int:
        """Numbers in a row of the table."""
        return self.tensors[self.key][1][1]


def find_table(model: str) -> TableFiles:
    """The files of `model`, a folder or "wordllama". ConfigError, in one line, where they do not make a table."""
    if model == WORDLLAMA:
        weights, tokenizer = _inside_wordllama()
        return _described(model, WORDLLAMA, weights, tokenizer)
    folder = Path(os.path.expanduser(model))
    if not folder.is_dir():
        raise ConfigError(
            f"encoder.model: {model}: no such folder; 'static' reads a model2vec or StaticEmbedding folder on this machine "
            f"(a hub's model: download it once), or the name {WORDLLAMA}"
        )
    inner = _module_folder(model, folder)
    weights, tokenizer = inner / "model.safetensors", inner / "tokenizer.json"
    if not weights.is_file():
        if family := _family(model, inner):
            raise _is_transformer(model, f"its config.json is of a {family}")
        raise ConfigError(
            f"encoder.model: {model}: no model.safetensors in {inner}: save the model as safetensors"
        )
    return _described(model, None, weights, tokenizer)


def is_table(model: str) -> bool:
    """Whether `static` reads what lies there."""
    try:
        find_table(model)
    except ConfigError:
        return False
    return True


def _inside_wordllama() -> tuple[Path, Path]:
    try:  # by its metadata: importing the package would set up logging and compiled parts that nobody needs
        package = metadata.distribution(WORDLLAMA)
    except metadata.PackageNotFoundError:
        raise ConfigError(
            f"encoder.model: {WORDLLAMA} is not installed: pip install 'ance-workbench[pretrained]'"
        ) from None
    weights, tokenizer = (Path(str(package.locate_file(name))) for name in WORDLLAMA_FILES)
    for path in (weights, tokenizer):
        if not path.is_file():
            raise ConfigError(
                f"encoder.model: wordllama {package.version} has no {path.name}: install the version of constraints.txt"
            )
    return weights, tokenizer


def _module_folder(model: str, folder: Path) -> Path:
    """Where the StaticEmbedding module of a sentence-transformers folder lies; the folder itself for others."""
    if not (folder / "modules.json").is_file():
        inner = folder / "0_StaticEmbedding"
        return inner if inner.is_dir() else folder
    try:
        modules = [
            (entry["type"].rpartition(".")[2], entry["path"])
            for entry in _read_json(model, folder / "modules.json")
        ]
        (first, path), rest = modules[0], [name for name, _ in modules[1:]]
    except (TypeError, KeyError, AttributeError, IndexError):
        raise ConfigError(
            f"encoder.model: {model}: modules.json lists no modules: save the model again"
        ) from None
    if first == "Transformer":
        raise _is_transformer(model, "its first module is a Transformer")
    if first != "StaticEmbedding" or any(name != "Normalize" for name in rest):
        listed = ", ".join([first, *rest])
        raise ConfigError(
            f"encoder.model: {model}: its modules are {listed}; 'static' starts from a StaticEmbedding alone, or with "
            "Normalize after it (a model that was trained here is a start: --start RUN)"
        )
    return folder / path


def _described(model: str, form: str | None, weights: Path, tokenizer: Path) -> TableFiles:
    tensors = _header(model, weights)
    keys = [key for key in TABLE_KEYS if key in tensors]
    if not keys and (family := _family(model, weights.parent)):
        raise _is_transformer(model, f"its config.json is of a {family}")
    if not keys:
        raise ConfigError(
            f"encoder.model: {model}: no token table in {weights.name} (looked for {' and '.join(TABLE_KEYS)}): give a "
            "model2vec or StaticEmbedding folder"
        )
    if not tokenizer.is_file():
        raise ConfigError(
            f"encoder.model: {model}: no {tokenizer.name} beside its {weights.name}: copy it from where the model comes from"
        )
    _, shape = tensors[keys[0]]
    if len(shape) != 2 or 0 in shape:
        raise ConfigError(
            f"encoder.model: {model}: {keys[0]} has shape {list(shape)}, not tokens x width: save the model again"
        )
    return TableFiles(model, form or TABLE_KEYS[keys[0]], weights, tokenizer, keys[0], tensors)


def _family(model: str, folder: Path) -> str | None:
    """What transformers' config.json calls the architecture; None where there is no such file."""
    path = folder / "config.json"
    settings = _read_json(model, path) if path.is_file() else None
    family = settings.get("model_type") if isinstance(settings, dict) else None
    return family if isinstance(family, str) and family != "model2vec" else None


def _header(model: str, path: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    try:
        with safe_open(path, framework="np") as file:
            parts = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118, no mapping
            return {key: (str(part.get_dtype()), tuple(part.get_shape())) for key, part in parts.items()}
    except (OSError, SafetensorError) as error:
        raise ConfigError(
            f"encoder.model: {model}: {path.name} cannot be read ({error}): copy the model again"
        ) from None


def _read_json(model: str, path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ConfigError(
            f"encoder.model: {model}: {path.name} is not readable JSON: copy the model again"
        ) from None


def _is_transformer(model: str, why: str) -> ConfigError:
    return ConfigError(
        f"encoder.model: {model}: no table of token vectors, {why}: write --encoder hf:{model}"
    )
