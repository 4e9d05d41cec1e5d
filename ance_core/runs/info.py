"""`run.json`: what a run is. Written once, before anything else of the run, and never changed."""

from __future__ import annotations

import json
import os
import platform
import re
import time
import uuid
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..config import RunConfig
from ..errors import StoreError, cut
from ..wording import worded
from .reading import brief, damaged, is_number, read_json

FORMAT_VERSION = 1
RUN_JSON = "run.json"
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")
_PACKAGES = (
    "ance-workbench",
    "torch",
    "numpy",
    "faiss-cpu",
    "bm25s",
    "tokenizers",
    "transformers",
    "pyarrow",
)


def check_name(name: str) -> str:
    """`name` if it can name a run, that is a folder on any system; StoreError otherwise."""
    if not _NAME.fullmatch(name):
        raise StoreError(
            f"run name {cut(repr(name), 100)}: 1 to 80 letters, digits, '.', '_' or '-', not starting with '.', are allowed"
        )
    return name


def new_info(name: str, config: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    """The contents of a new run's `run.json`; `meta` adds fields (kind, recipe, seed, dataset, init...)."""
    return {
        "format_version": FORMAT_VERSION,
        "id": uuid.uuid4().hex,
        "name": name,
        "kind": "run",
        "created": time.time(),
        "recipe": config.get("recipe"),
        "seed": config.get("seed"),
        "versions": installed_versions(),
        **meta,
        "config": config,
    }


def read_info(folder: Path) -> dict[str, Any]:
    """The contents of `folder/run.json`; the folder's name is the run's name, also after a rename by hand.

    What older runs do not say is there as None or an empty group. Raises StoreError when the folder is not a run, is
    damaged, or comes from a newer version.
    """
    path = folder / RUN_JSON
    if not os.path.lexists(path):
        raise StoreError(f"{folder}: not a run, {RUN_JSON} is missing: move it elsewhere or delete it")
    info = read_json(path, _REMEDY)
    found = info.get("format_version")
    if not isinstance(found, int) or isinstance(found, bool) or not isinstance(info.get("config"), dict):
        raise damaged(path, "no format_version or config", _REMEDY)
    if found > FORMAT_VERSION:
        raise StoreError(
            f"run '{folder.name}': written by a newer version "
            f"(format {brief(str(found))}, this one reads {FORMAT_VERSION}): upgrade"
        )
    if wrong := next(_misfits(info), None):
        raise damaged(path, wrong, _REMEDY)
    return {**_ABSENT, **info, "name": folder.name, "config": _of_today(info["config"])}


def stored_name(folder: Path) -> str | None:
    """The name under which the run was written: another than its folder's after a copy or a rename by hand."""
    try:
        name = json.loads((folder / RUN_JSON).read_bytes()).get("name")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return name if isinstance(name, str) else None


def _misfits(info: dict[str, Any]) -> Iterator[str]:
    """What cannot be in `run.json`: a line for each value that no reader could use."""
    for place, (fits, wanted) in _KINDS.items():
        value: Any = info
        for key in place.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None and not fits(value):
            yield f"{place}: {brief(repr(value)[:60])} given; it must be {wanted}"
    try:
        RunConfig.model_validate(_with_tuples(info["config"]), strict=True)
    except ValidationError as error:
        for problem in error.errors():  # of an older or newer program's settings only the kinds matter here
            if problem["type"].endswith("_type") or problem["type"] in ("int_from_float", "one_line"):
                yield f"config.{worded(RunConfig, problem)}"


def _with_tuples(value: Any) -> Any:
    """The settings as they were before JSON made lists of their tuples."""
    if isinstance(value, dict):
        return {key: _with_tuples(item) for key, item in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 4096


def _is_time(value: Any) -> bool:
    return is_number(value) and 0 <= value < _YEAR_3000


_YEAR_3000 = 32_503_680_000
_LINE, _GROUP = (_is_line, "a text"), ((lambda value: isinstance(value, dict)), "a group")
_COUNT = (_is_count, "a whole number, not negative")
_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "id": _LINE,
    "kind": _LINE,
    "recipe": _LINE,
    "created": (_is_time, "a time in seconds since 1970"),
    "seed": _COUNT,
    "scale": (lambda value: is_number(value) and value > 0, "a number above 0"),
    "versions": _GROUP,
    "dataset": _GROUP,
    "dataset.name": _LINE,
    "dataset.fingerprint": _LINE,
    "dataset.source": _LINE,
    "dataset.docs": _COUNT,
    "dataset.queries": _COUNT,
    "dataset.built": _GROUP,
    "dataset.built.name": _LINE,
    "dataset.built.fingerprint": _LINE,
    "dataset.built.versions": _GROUP,
    "table": _GROUP,
    "init": _GROUP,
    "defaults": _GROUP,
}
_ABSENT: dict[str, Any] = {"kind": "run", "created": None, "recipe": None, "seed": None, "dataset": {}}
_REMEDY = "restore it from a copy or delete the folder"


def _of_today(config: dict[str, Any]) -> dict[str, Any]:
    """The settings of an older run with those that were added since, as they were then."""
    method = config.get("method")
    if config.get("recipe") == "simans" and isinstance(method, dict) and _has_one_a_suggested(method):
        config = {**config, "method": {**method, "a_rule": "pool"}}
    encoder, optimizer = config.get("encoder"), config.get("optimizer")
    if isinstance(encoder, dict) and "vocab_size" in encoder:
        since = {"vocabulary": "documents", "head": "ance", "query_prefix": "", "document_prefix": ""}
        config = {**config, "encoder": encoder | {k: v for k, v in since.items() if k not in encoder}}
    if isinstance(optimizer, dict) and "learning_rate" in optimizer and "kind" not in optimizer:
        config = {**config, "optimizer": {"kind": "adamw", "momentum": 0.0, **optimizer}}
    return config


def _has_one_a_suggested(method: dict[str, Any]) -> bool:
    """Whether SimANS' a was suggested before there was one for each query."""
    return "a_rule" not in method and method.get("a") is None and method.get("form") != "laplace"


def installed_versions() -> dict[str, str]:
    """Python and the packages that decide a run's numbers, looked up without importing them."""
    found = {"python": platform.python_version(), "platform": platform.platform(terse=True)}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
