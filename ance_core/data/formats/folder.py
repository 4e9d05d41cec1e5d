"""Folders of tables: a file for each split, as hubs keep them, and what `datasets` writes with `save_to_disk`.

train.jsonl, dev.jsonl                     files named after splits, there or in `data/`
data/train-00000-of-00003.parquet          in parts
train/any.parquet                          a folder named after a split
dataset_dict.json, train/state.json        a DatasetDict; state.json alone: a Dataset
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import DataError
from ..collection import Collection
from ..problems import Problems
from ..split_names import SPLIT_NAMES, SPLITS, UNION, split_of
from .base import Format, by_split
from .rows import is_table, without_later_shards
from .table import read_tables

ABOUT = frozenset(
    [
        "dataset_info.json",
        "dataset_infos.json",
        "dataset_dict.json",
        "state.json",
        "config.json",
        "package.json",
    ]
)
"""Files that tell about tables."""
OTHERS = ("corpus", "collection", "queries", "qrels", "topics", "docs")
"""How files of the other formats begin, of which something is missing then."""


def matches(path: Path) -> bool:
    """Whether there are tables at one of the places where they are kept."""
    return path.is_dir() and (is_saved(path) or bool(_places(path)))


def is_saved(path: Path) -> bool:
    """Whether `save_to_disk` of `datasets` wrote the folder."""
    return (path / "dataset_dict.json").is_file() or (path / "state.json").is_file()


def read(path: Path, problems: Problems, columns: Sequence[str] = ()) -> Collection:
    """The tables of all splits as one collection."""
    tables = _saved(path) if is_saved(path) else _by_split(path, problems)
    return read_tables(path, tables, problems, columns)


def _tables(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    files = [file for file in sorted(folder.iterdir()) if is_table(file) and file.name not in ABOUT]
    if any(file.name.lower().startswith(OTHERS) for file in files):
        return []
    return without_later_shards(files)


def _places(path: Path) -> list[Path]:
    """The folders that hold tables: this one, else `data`, else those named after splits."""
    for place in (path, path / "data"):
        if _tables(place):
            return [place]
    return [f for f in sorted(path.iterdir()) if f.name.lower() in SPLIT_NAMES and _tables(f)]


def _by_split(path: Path, problems: Problems) -> dict[str, list[Path]]:
    places = _places(path)
    if places[0] in (path, path / "data"):
        files = _tables(places[0])
        return {split: [file] for split, file in by_split(files, places[0], problems, stem=True).items()}
    tables: dict[str, list[Path]] = {}
    for place in places:
        tables.setdefault(SPLIT_NAMES[place.name.lower()], []).extend(_tables(place))
    return tables


def _saved(path: Path) -> dict[str, list[Path]]:
    """The Arrow files of each split. DataError for a folder whose own description is damaged."""
    if (path / "state.json").is_file():
        state = _described(path / "state.json")
        split = split_of(f"{state.get('_split')}.arrow", stem=True)
        return {split if split in SPLITS else UNION: _arrow_files(path, state)}
    names = _described(path / "dataset_dict.json").get("splits", [])
    tables: dict[str, list[Path]] = {}
    for name in names:
        split = split_of(f"{name}.arrow", stem=True) or UNION
        files = _arrow_files(path / name, _described(path / name / "state.json"))
        tables.setdefault(UNION if len(names) == 1 and split not in SPLITS else split, []).extend(files)
    return tables


def _arrow_files(folder: Path, state: dict[str, Any]) -> list[Path]:
    try:
        names = [str(entry["filename"]) for entry in state["_data_files"]]
    except (KeyError, TypeError):
        names = []
    if not names or state.get("_indices_files"):
        raise DataError(
            f"{folder / 'state.json'}: names no data files that hold all rows: save the dataset again"
        )
    return without_later_shards([folder / Path(name).name for name in names])


def _described(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise DataError(f"{path}: damaged or missing: save the dataset again with save_to_disk")
    return value


FORMAT = Format(
    "folder of tables", "a folder with train.jsonl, data/train-*.parquet or the like", matches, read, read
)
