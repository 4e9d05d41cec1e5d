"""The formats a collection can be stored in, and which of them a path is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...errors import DataError
from ..collection import Collection
from ..problems import Problems
from ..unpacked import unpacked
from . import beir, folder, hub, irds, msmarco, table, trec

FORMATS = (beir.FORMAT, msmarco.FORMAT, trec.FORMAT, table.FORMAT, folder.FORMAT)
DEEPEST, MOST_FOLDERS = 3, 20  # how deep, and among how many others, a collection's folder is looked for


def read_collection(path: str | Path, problems: Problems, columns: Sequence[str] = ()) -> Collection:
    """The collection at a path, in whichever format it has, or of an `ir_datasets:ID` or `datasets:ID`.

    columns: names for the columns of tables without a header line. What is wrong inside the files goes to `problems`;
    DataError only where no format fits the path.
    """
    if columns and str(path).startswith((irds.PREFIX, hub.PREFIX)):
        raise DataError(f"data.columns: {path} has names for its columns: leave it out")
    if str(path).startswith(irds.PREFIX):
        return irds.read(str(path), problems)
    if str(path).startswith(hub.PREFIX):
        return hub.read(str(path), problems)
    path = inside(Path(path))
    for known in FORMATS:
        if known.matches(path):
            if not columns:
                return known.read(path, problems)
            if known.read_with_columns is None:
                raise DataError(
                    f"data.columns: names columns of tables, and {path} is {known.name}: leave it out"
                )
            return known.read_with_columns(path, problems, columns)
    looked = "; ".join(f"{known.name}: {known.looks_for}" for known in FORMATS)
    raise DataError(f"{path}: no known format ({_contents(path)}). Looked for {looked}; or a zip of one")


def inside(path: Path, depth: int = DEEPEST) -> Path:
    """Where the collection at a path is: in a zip, or in the one folder of a folder that is no collection itself.

    DataError for a zip that cannot be unpacked, and for a folder with several collections in it.
    """
    if path.is_file() and path.suffix.lower() == ".zip":
        return inside(unpacked(path))
    if not path.is_dir() or not depth or any(known.matches(path) for known in FORMATS):
        return path
    folders = [f for f in sorted(path.iterdir()) if f.is_dir() and not f.name.startswith((".", "__MACOSX"))]
    if len(folders) > MOST_FOLDERS:
        return path  # somebody's home, which is not to be searched
    within = [inside(f, depth - 1) for f in folders]
    found = [place for place in within if any(known.matches(place) for known in FORMATS)]
    if len(found) > 1:
        names = ", ".join(str(place.relative_to(path)) for place in found[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        raise DataError(f"{path}: {len(found)} collections in it, {names}{more}: name one of them")
    return found[0] if found else path


def _contents(path: Path) -> str:
    if not path.is_dir():
        return f"a file ending in {path.suffix!r}"
    names = sorted(entry.name for entry in path.iterdir())
    return f"it has {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}" if names else "an empty folder"
