"""Copies of built collections (`pydocs`) in the cache, found again by their fingerprint.

What such a collection holds follows from versions: another Python, package or generator, and the same name gives
another content. The copy that a run was trained on stays in the cache, and `by-fingerprint/` says in which folder.
Fingerprints are those of the whole collection; masking labels changes a dataset's, not the copy's.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import DataError
from .assemble import assemble
from .cache import cache_dir
from .formats import read_collection
from .problems import Problems

logger = logging.getLogger(__name__)

FACTS = "built.json"  # in a built folder: {"name", "about", "versions", "counts", ...}
_STDLIB_FOLDER = re.compile(r"pydocs-(\d+\.\d+\.\d+\w*)-(\d+)")  # built before there was such a file


def facts_of(folder: Path) -> dict[str, Any]:
    """What `folder/built.json` says; of older folders without one, what their name says; {} if that is nothing.

    DataError where the file is damaged.
    """
    path = folder / FACTS
    if not path.is_file():
        found = _STDLIB_FOLDER.fullmatch(folder.name)
        if not found:
            return {}
        python, builder = found.groups()
        return {
            "name": "pydocs:stdlib",
            "about": f"standard library documentation of Python {python}",
            "versions": {"python": python, "builder": builder},
        }
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {"name": facts["name"], "about": facts["about"], "versions": facts["versions"], **facts}
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(f"{path}: damaged: delete {folder} to build it again") from None


def remember(fingerprint: str, folder: Path) -> None:
    """Note that the copy in `folder` has this fingerprint. Without a word where the cache cannot be written."""
    entry = _index() / fingerprint
    if _read(entry) == folder.name:
        return
    temporary = entry.with_name(f".{fingerprint}-{os.getpid()}")
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(folder.name, encoding="utf-8")
        temporary.replace(entry)
    except OSError:
        logger.debug(
            "%s cannot be written", entry
        )  # a cache that others filled: its copies are found by reading


def find(fingerprint: str) -> Path | None:
    """The folder of the copy with that fingerprint; copies never looked at are read now. None if there is none."""
    noted = _read(_index() / fingerprint)
    if noted and (_datasets() / noted).is_dir():
        return _datasets() / noted
    for folder in _unknown():
        own = fingerprint_of(folder)
        if own is not None:
            remember(own, folder)
        if own == fingerprint:
            return folder
    return None


def fingerprint_of(folder: Path) -> str | None:
    """The fingerprint of the copy in a folder; None where it cannot be read."""
    problems = Problems()
    try:
        facts_of(folder)
        return assemble(read_collection(folder, problems), problems, folder.name).fingerprint
    except DataError:
        return None


def changes(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What differs between two sets of versions, in words; "" if nothing does.

    >>> changes({"python": "3.11.7", "numpy": "2.4.5"}, {"python": "3.11.7", "numpy": "2.4.6", "rich": "15.0"})
    'numpy 2.4.5 (now 2.4.6)'
    """
    differing = (name for name in then if now.get(name) != then[name])
    return ", ".join(f"{name} {then[name]} (now {now.get(name, 'not installed')})" for name in differing)


def _datasets() -> Path:
    return cache_dir() / "datasets"


def _index() -> Path:
    return _datasets() / "by-fingerprint"


def _read(entry: Path) -> str:
    try:
        return entry.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _unknown() -> Iterator[Path]:
    """Built folders that no entry of the index names."""
    if not _datasets().is_dir():
        return
    known = {_read(path) for path in _index().glob("[0-9a-f]*")}
    for folder in sorted(_datasets().iterdir()):
        if (
            folder.is_dir()
            and not folder.name.startswith(".")
            and folder.name not in known
            and _is_built(folder)
        ):
            yield folder


def _is_built(folder: Path) -> bool:
    return (folder / FACTS).is_file() or bool(_STDLIB_FOLDER.fullmatch(folder.name))
