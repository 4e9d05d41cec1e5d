"""The parts of a sentence-transformers model, as `model_modules` reads them from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .model_files import hash_of, stamp

POOLING = {"mean": "mean", "cls": "cls", "lasttoken": "last", "max": "max", "weightedmean": "weighted"}
"""Their names of what we can do, and ours."""
POOLING_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
HEAD = ("Dense", "LayerNorm", "Normalize")
ACTIVATIONS = (
    "torch.nn.modules."  # as they do without trust_remote_code: nothing else is imported by a name in a file
)
UNREAD = (
    "model_args",
    "tokenizer_args",
    "config_args",
    "model_kwargs",
    "processor_kwargs",
    "config_kwargs",
    "processing_kwargs",
)
READ: tuple[Any, ...] = (None, {}, {"add_pooling_layer": False})  # no pooler is what we do
NO_LIMIT = 1_000_000  # transformers writes 1e30 for "no length limit"


@dataclass(frozen=True)
class Module:
    """A module's class name, its folder, and its settings."""

    kind: str
    folder: Path
    settings: dict[str, Any]


@dataclass(frozen=True)
class Stack:
    """How a text becomes a vector: a transformer, pooling (None: one we do not have), the modules after it."""

    transformer: str  # folder, or hub id
    pooling: str | None
    head: tuple[Module, ...]
    dim: int | None
    max_tokens: int | None
    lower_case: bool
    pools_prompt: bool


@dataclass(frozen=True)
class ModelFolder:
    """A sentence-transformers model. query, document: one stack, or the two routes of a Router.

    misfits: what it has that `encoder.head: folder` cannot take over, in words. unused: what is left out all the same.
    lengths: tokens of queries and of documents it was trained with, where it says so.
    """

    model: str
    query: Stack
    document: Stack
    similarity: str
    query_prefix: str
    document_prefix: str
    lengths: tuple[int, int] | None
    temperature: float | None
    misfits: tuple[str, ...]
    unused: tuple[str, ...]

    @cached_property
    def two_towers(self) -> bool:
        """Whether queries and documents have weights of their own; two routes with the same ones are one tower."""
        one, other = self.query, self.document
        if (one.transformer, one.head) == (other.transformer, other.head):
            return False
        return _content(one) != _content(other)


def _content(stack: Stack) -> list[Any]:
    """What decides the vectors of a stack but for lengths: two routes that agree are one tower."""
    folders = [Path(stack.transformer), *(module.folder for module in stack.head)]
    weights = [
        p for folder in folders for p in sorted(folder.glob("*")) if p.suffix in (".safetensors", ".bin")
    ]
    hashes = [hash_of((stamp(path),), path.parent) for path in weights]
    return [hashes, stack.pooling, [(module.kind, module.settings) for module in stack.head]]
