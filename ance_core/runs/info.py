"""`run.json`: what a run is. Written once, before anything else of the run, and never changed."""

from __future__ import annotations

import json
import platform
import re
import time
import uuid
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..errors import StoreError

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
            f"run name {name!r}: 1 to 80 letters, digits, '.', '_' or '-', not starting with '.', are allowed"
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

    Raises StoreError when the folder is not a run, is damaged, or comes from a newer version.
    """
    path = folder / RUN_JSON
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(
            f"{folder}: not a run, {RUN_JSON} is missing: move it elsewhere or delete it"
        ) from None
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}): check its permissions") from None
    except ValueError:  # JSON and UTF-8 errors both are
        raise StoreError(
            f"{path}: damaged, not valid JSON: restore it from a copy or delete the folder"
        ) from None
    found = info.get("format_version") if isinstance(info, dict) else None
    if not isinstance(found, int) or not isinstance(info.get("config"), dict):
        raise StoreError(
            f"{path}: damaged, no format_version or config: restore it from a copy or delete the folder"
        )
    if found > FORMAT_VERSION:
        raise StoreError(
            f"run '{folder.name}': written by a newer version "
            f"(format {found}, this one reads {FORMAT_VERSION}): upgrade"
        )
    return {**info, "name": folder.name, "config": _of_today(info["config"])}


def _of_today(config: dict[str, Any]) -> dict[str, Any]:
    """The settings of an older run with those that were added since, as they were then."""
    method = config.get("method")
    if config.get("recipe") == "simans" and isinstance(method, dict) and _has_one_a_suggested(method):
        config = {**config, "method": {**method, "a_rule": "pool"}}
    encoder, optimizer = config.get("encoder"), config.get("optimizer")
    if isinstance(encoder, dict) and "vocab_size" in encoder and "vocabulary" not in encoder:
        config = {**config, "encoder": {**encoder, "vocabulary": "documents"}}
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
