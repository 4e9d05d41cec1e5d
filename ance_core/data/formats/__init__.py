"""The formats a collection can be stored in, and which of them a path is."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ..collection import Collection
from ..problems import Problems
from . import beir, irds, msmarco, table, trec

FORMATS = (beir.FORMAT, msmarco.FORMAT, trec.FORMAT, table.FORMAT)


def read_collection(path: str | Path, problems: Problems) -> Collection:
    """The collection at a path, in whichever format it has, or of an `ir_datasets:ID`.

    What is wrong inside the files goes to `problems`; DataError only where no format fits the path.
    """
    if str(path).startswith(irds.PREFIX):
        return irds.read(str(path), problems)
    path = Path(path)
    for known in FORMATS:
        if known.matches(path):
            return known.read(path, problems)
    looked = "; ".join(f"{known.name}: {known.looks_for}" for known in FORMATS)
    raise DataError(f"{path}: no known format ({_contents(path)}). Looked for {looked}")


def _contents(path: Path) -> str:
    if not path.is_dir():
        return f"a file ending in {path.suffix!r}"
    names = sorted(entry.name for entry in path.iterdir())
    return f"it has {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}" if names else "an empty folder"
