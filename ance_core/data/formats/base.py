"""What a format is: a name, a test whether a path looks like it, and a reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..collection import SPLIT_NAMES, Collection
from ..problems import Problems


@dataclass(frozen=True)
class Format:
    """A way of storing a collection. `looks_for` completes the sentence "a ... needs"."""

    name: str
    looks_for: str
    matches: Callable[[Path], bool]
    read: Callable[[Path, Problems], Collection]


def find(folder: Path, *names: str) -> Path | None:
    """The first of the file names that the folder has, plain or with `.gz`."""
    for name in names:
        for candidate in (folder / name, folder / f"{name}.gz"):
            if candidate.is_file():
                return candidate
    return None


def listed(folder: Path, *patterns: str) -> list[Path]:
    """Files that match any of the patterns, each also with `.gz`, sorted by name."""
    found = {path for p in patterns for q in (p, p + ".gz") for path in folder.glob(q) if path.is_file()}
    return sorted(found)


def split_of(path: Path) -> str | None:
    """The split a file name speaks of: `qrels.dev.small.tsv` is dev; None if it names none."""
    parts = re.split(r"[^a-z]+", path.name.lower())
    return next((SPLIT_NAMES[part] for part in parts if part in SPLIT_NAMES), None)


def by_split(files: list[Path], where: Path, problems: Problems) -> dict[str, Path]:
    """Judgement files by split; {"all": file} for a single file that names no split.

    Files that name no split are left out beside files that do (`all.tsv` repeats the others). Two files for
    one split, or several that name none, are errors: guessing would train on the wrong half.
    """
    named: dict[str, Path] = {}
    for file in files:
        split = split_of(file)
        if split in named:
            both = f"{named[split].name} and {file.name}"
            problems.error("split files", f"{where}: {both} both give the {split} split: keep one of them")
        elif split:
            named[split] = file
    if named or not files:
        return named
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        problems.error(
            "split files", f"{where}: {names} name no split: call them train, dev and test, or keep one"
        )
    return {"all": files[0]}
