"""Reads sentence-transformers' modules: what stands around the transformer, and what of it can be taken over.

modules.json                      the modules in order, each with its folder
<Transformer>/                    config.json, weights, tokenizer; sentence_bert_config.json has lengths
<Pooling, Dense, ...>/config.json settings, weights beside them
<Router>/router_config.json       two stacks of modules, for queries and for documents
config_sentence_transformers.json prompts and similarity
ance.json                         in a run's own `model/` folder: the settings it was trained with
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .model_files import local_folder
from .model_parts import (
    ACTIVATIONS,
    HEAD,
    NO_LIMIT,
    POOLING,
    POOLING_FLAGS,
    READ,
    UNREAD,
    ModelFolder,
    Module,
    Stack,
)


def read_model_folder(model: str) -> ModelFolder | None:
    """The modules of a folder or hub id; None for a transformer alone, and for what is not there.

    Raises ConfigError, in one line, for a folder whose modules cannot be read or do not begin with a transformer.
    """
    folder = local_folder(model)
    if folder is None or not (folder / "modules.json").is_file():
        return None
    return _Reader(model, folder).read()


class _Reader:
    """Reads one folder, collecting what cannot be used."""

    def __init__(self, model: str, folder: Path) -> None:
        self.model, self.folder = model, folder
        self.misfits: list[str] = []
        self.unused: list[str] = []

    def read(self) -> ModelFolder:
        modules = self._modules()
        stacks = [self._stack(self._route(modules, side), side) for side in ("query", "document")]
        self._check_alike(*stacks)
        about = self._json(self.folder / "config_sentence_transformers.json", {})
        prompts = {k: v for k, v in _group(about, "prompts").items() if isinstance(v, str) and v}
        query = prompts.pop("query", "")
        document = next((prompts.pop(k) for k in ("document", "passage", "corpus") if k in prompts), "")
        self.unused += [f"prompt {name[:80]!r}" for name in prompts]
        if (query or document) and not all(stack.pools_prompt for stack in stacks):
            self.misfits.append("its pooling leaves the prompt's tokens out")
        trained = _group(self._json(self.folder / "ance.json", {}), "encoder")
        return ModelFolder(
            self.model,
            query=stacks[0],
            document=stacks[1],
            similarity=self._similarity(about, stacks[1]),
            query_prefix=query,
            document_prefix=document,
            lengths=_lengths(trained, *stacks),
            temperature=trained.get("temperature"),
            misfits=tuple(dict.fromkeys(self.misfits)),
            unused=tuple(dict.fromkeys(self.unused)),
        )

    def _modules(self) -> list[Module]:
        entries = self._json(self.folder / "modules.json", None)
        try:
            modules = [self._module(entry["type"], self.folder, entry["path"]) for entry in entries]
        except (TypeError, KeyError, AttributeError):
            modules = []
        if not modules:
            raise self._error("modules.json lists no modules: save the model again")
        return modules

    def _module(self, name: str, base: Path, path: str) -> Module:
        if len(path) > 200 or not path.isprintable():
            raise self._error(
                f"module {name[:80]} has no folder's name ({path[:80]!r}): save the model again"
            )
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise self._error(
                f"module {name[:80]} lies outside the folder ({path[:80]}): save the model again"
            )
        package, _, kind = name.rpartition(".")
        if package.split(".")[0] != "sentence_transformers":
            self.misfits.append(f"module {name[:80]} of another package")
        folder = base / path
        known = kind in ("Pooling", *HEAD)
        return Module(kind, folder, self._json(folder / "config.json", {}) if known else {})

    def _route(self, modules: list[Module], name: str) -> list[Module]:
        """The modules that a text of one side goes through."""
        router, *rest = modules
        if router.kind != "Router":
            return modules
        path = router.folder / "router_config.json"
        about = self._json(path, {})
        try:
            route = [
                self._module(about["types"][key], router.folder, key) for key in about["structure"][name]
            ]
            return [route[0], *route[1:], *rest]
        except (KeyError, TypeError, AttributeError, IndexError):
            raise self._error(f"{path.name} has no route {name!r}: 'hf' needs query and document") from None

    def _stack(self, modules: list[Module], side: str) -> Stack:
        first, rest = modules[0], modules[1:]
        if first.kind != "Transformer":
            raise self._error(
                f"its first module is {first.kind}, and 'hf' needs a Transformer: a run trained here is a start "
                "(--start RUN), a table of token vectors goes with --encoder static:FOLDER"
            )
        named = sorted(first.folder.glob("sentence_*_config.json"))  # older versions named it by family
        about = self._json(named[0], {}) if named else {}
        tokenizer = self._json(first.folder / "tokenizer_config.json", {})
        longest = (
            about.get(f"{side}_length") or about.get("max_seq_length") or tokenizer.get("model_max_length")
        )
        pooling = [module for module in rest if module.kind == "Pooling"]
        head = [module for module in rest if module.kind in HEAD]
        if [module.kind == "Pooling" for module in rest if module.kind != "Dropout"] != [True] + [
            False
        ] * len(head):
            self.misfits.append("no Pooling right after its Transformer")
        if about.get("query_expansion"):
            self.misfits.append("query expansion")
        self.unused += [f"{name} of its Transformer" for name in UNREAD if about.get(name) not in READ]
        if tokenizer.get("truncation_side") == "left":
            self.unused.append("truncation_side left: texts are cut at their end")
        for module in rest:
            if module.kind == "Dropout":
                self.unused.append("module Dropout, which training alone would use (encoder.dropout)")
            elif module.kind not in ("Pooling", *HEAD):
                self.misfits.append(f"module {module.kind}")
        self._check_head(head)
        settings = pooling[0].settings if pooling else {}
        return Stack(
            transformer=str(first.folder) if first.folder != self.folder else self.model,
            pooling=self._pooling(settings),
            head=tuple(head),
            dim=_dim(settings, head),
            max_tokens=longest if isinstance(longest, int) and 0 < longest < NO_LIMIT else None,
            lower_case=bool(about.get("do_lower_case")),
            pools_prompt=bool(settings.get("include_prompt", True)),
        )

    def _pooling(self, settings: dict[str, Any]) -> str | None:
        modes = (
            settings.get("pooling_mode")
            or [mode for key, mode in POOLING_FLAGS.items() if settings.get(key)]
            or "mean"
        )
        modes = [str(mode) for mode in modes] if isinstance(modes, list) else [str(modes)]
        if len(modes) == 1 and modes[0] in POOLING:
            return POOLING[modes[0]]
        self.misfits.append(f"pooling {' + '.join(modes)[:80]}")
        return None

    def _check_head(self, head: Iterable[Module]) -> None:
        for module in head:
            settings = module.settings
            activation = str(settings.get("activation_function", ""))
            if settings.get("module_input_name", "sentence_embedding") != "sentence_embedding":
                self.misfits.append(f"{module.kind} of single tokens")
            if settings.get("use_residual"):
                self.misfits.append("a residual Dense")
            if module.kind == "Dense" and not activation.startswith(ACTIVATIONS):
                self.misfits.append(f"activation {activation[:80]}")

    def _similarity(self, about: dict[str, Any], stack: Stack) -> str:
        """Theirs, cosine where they say nothing, as in sentence-transformers. Vectors of length 1: cosine either way."""
        named = about.get("similarity_fn_name") or "cosine"
        if named not in ("cosine", "dot"):
            self.misfits.append(f"similarity {str(named)[:40]}")
        normalized = bool(stack.head) and stack.head[-1].kind == "Normalize"
        return "dot" if named == "dot" and not normalized else "cosine"

    def _check_alike(self, query: Stack, document: Stack) -> None:
        if (query.pooling, query.dim, query.lower_case) != (
            document.pooling,
            document.dim,
            document.lower_case,
        ):
            self.misfits.append("routes that pool differently")
        if _vocabulary(query) != _vocabulary(document):
            raise self._error("its routes have tokenizers of their own: 'hf' needs one for both")

    def _json(self, path: Path, absent: Any) -> Any:
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return absent
        except (OSError, ValueError, RecursionError):
            value = None
        if value is None or (absent is not None and not isinstance(value, dict)):
            raise self._error(f"{path.relative_to(self.folder)} is not readable JSON: copy the model again")
        return value

    def _error(self, what: str) -> ConfigError:
        return ConfigError(f"encoder.model: {self.model}: {what}")


def _lengths(trained: dict[str, Any], query: Stack, document: Stack) -> tuple[int, int] | None:
    """As a run's own model folder says, or as two routes differ."""
    own = (trained.get("max_query_tokens"), trained.get("max_document_tokens"))
    first, second = own if None not in own else (query.max_tokens, document.max_tokens)
    if first is None or second is None or (own == (None, None) and first == second):
        return None
    return first, second


def _group(settings: dict[str, Any], name: str) -> dict[str, Any]:
    found = settings.get(name)
    return found if isinstance(found, dict) else {}


def _dim(pooling: dict[str, Any], head: list[Module]) -> int | None:
    sizes = [pooling.get("embedding_dimension") or pooling.get("word_embedding_dimension")]
    sizes += [module.settings.get("out_features") or module.settings.get("dimension") for module in head]
    known = [size for size in sizes if isinstance(size, int)]
    return known[-1] if known else None


def _vocabulary(stack: Stack) -> Any:
    try:
        about = json.loads((Path(stack.transformer) / "tokenizer.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return {key: value for key, value in about.items() if key not in ("truncation", "padding")}
