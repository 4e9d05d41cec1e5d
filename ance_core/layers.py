"""Settings before they are validated: plain dicts from files and flags, laid over one another."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import yaml

from .errors import ConfigError
from .reading import spelled_out_data

MOST_BYTES = 1 << 20  # of a file of settings
MOST_LEVELS = 32  # of groups within groups; settings have three


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases: ten lines of them can stand for more text than fits into memory."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """As ever, but for an alias, which is refused."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "an alias", mark)
        return super().compose_node(parent, index)


def read_yaml(text: str) -> Any:
    """YAML of plain values, without aliases and of MOST_LEVELS levels; yaml.YAMLError or ValueError for what is none."""
    level, depth, most = 0, 0, 4 * MOST_LEVELS
    for event in yaml.parse(text, _PlainLoader):  # iterative, unlike what follows
        level += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        depth = max(depth, level)
        if depth > most:
            raise ValueError(_TOO_DEEP)
    return yaml.load(text, _PlainLoader)


_TOO_DEEP = f"nested more than {MOST_LEVELS} levels deep"


def is_deep(value: Any, most: int) -> bool:
    """Whether dicts and lists nest more than `most` levels."""
    level = [value]
    for _ in range(most + 1):
        inside = [v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list)]
        level = [item for items in inside for item in items if isinstance(item, dict | list)]
        if not level:
            return False
    return True


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
        model = os.path.expanduser(model)  # no shell does it after a colon
    # the model is said to be none, so that one from a weaker layer does not stay
    return {**values, "encoder": {"kind": kind.strip(), "model": model or None}}


def read_settings(path: Path) -> dict[str, Any]:
    """A YAML or JSON file of settings as a plain dict; errors name file and line."""
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise ConfigError(f"{path}: more than {MOST_BYTES >> 20} MB, no file of settings; check --config")
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check --config") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None
    try:
        values = json.loads(text) if path.suffix == ".json" else read_yaml(text)
        if is_deep(values, MOST_LEVELS):
            raise RecursionError
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: JSON's, and impossible dates
        if isinstance(error, RecursionError) or str(error) == _TOO_DEEP:
            raise ConfigError(f"{path}: {_TOO_DEEP}; settings have three levels") from None
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else getattr(error, "lineno", "?")
        form = "JSON" if path.suffix == ".json" else "YAML"
        if getattr(error, "problem", None) == "an alias":
            raise ConfigError(
                f"{path}:{line}: an alias (`*name`), which settings do not have; write it out"
            ) from None
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
