"""The formats a collection can be stored in, and which of them a path is."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ..collection import Collection
from ..problems import Problems
from . import beir

FORMATS = (beir.FORMAT,)


def read_collection(path: Path, problems: Problems) -> Collection:
    """The collection at a path, in whichever format it has.

    What is wrong inside the files goes to `problems`; DataError only where no format fits the path.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder: check the path, or see `ance data list` for names")
    for known in FORMATS:
        if known.matches(path):
            return known.read(path, problems)
    looked = "; ".join(f"{known.name}: {known.looks_for}" for known in FORMATS)
    has = ", ".join(sorted(p.name for p in path.iterdir())[:8]) or "nothing" if path.is_dir() else "one file"
    raise DataError(f"{path}: no known format (has {has}). Looked for {looked}")
