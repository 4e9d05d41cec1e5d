"""Settings before they are validated: plain dicts from files and flags, laid over one another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from .errors import ConfigError
from .reading import spelled_out_data


def spelled_out(values: dict[str, Any]) -> dict[str, Any]:
    """Settings with short forms as groups: `data: NAME`, `encoder: mini`, `static:FOLDER` or `hf:FOLDER-OR-ID`."""
    if "data" in values:
        values = {**values, "data": spelled_out_data(values["data"])}
    encoder = values.get("encoder")
    if not isinstance(encoder, str):
        return values
    kind, _, model = encoder.partition(":")
    model = model.strip()
    if model.startswith("~"):
        model = str(Path(model).expanduser())  # no shell does it after a colon
    # the model is said to be none, so that one from a weaker layer does not stay
    return {**values, "encoder": {"kind": kind.strip(), "model": model or None}}


def read_settings(path: Path) -> dict[str, Any]:
    """A YAML or JSON file of settings as a plain dict; errors name file and line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check --config") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None
    try:
        values = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: JSON's, and impossible dates
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else getattr(error, "lineno", "?")
        form = "JSON" if path.suffix == ".json" else "YAML"
        raise ConfigError(
            f"{path}:{line}: not valid {form}; write one `name: value` a line, or rename the file"
        ) from None
    if values is None:
        return {}  # an empty file, or nothing but comments
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: a {type(values).__name__} and not a group; write `name: value` pairs")
    return values


def merge(*layers: dict[str, Any]) -> dict[str, Any]:
    """Nested dicts merged, later layers winning key by key."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            old = merged.get(key)
            merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
