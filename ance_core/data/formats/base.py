"""What a format is: a name, a test whether a path looks like it, and a reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..collection import Collection
from ..problems import Problems, shown
from ..split_names import ALLOWED, UNION, is_split_name, names_split, split_of
from .rows import unsharded


@dataclass(frozen=True)
class Format:
    """A way of storing a collection. `looks_for` completes the sentence "a ... needs"."""

    name: str
    looks_for: str
    matches: Callable[[Path], bool]
    read: Callable[[Path, Problems], Collection]
    read_with_columns: Callable[[Path, Problems, Sequence[str]], Collection] | None = (
        None  # of tables without a header
    )


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


def by_split(files: list[Path], where: Path, problems: Problems, *, stem: bool = False) -> dict[str, Path]:
    """Judgement files by split, named by `split_of`; {"all": file} for a single one that is not named after a split.

    stem: whether a file's whole stem is a name, as in a folder that holds nothing but judgements.

    Files that name no split are left out beside files that do (`all.tsv` repeats the others), and so is a split's large
    file beside its small one (`qrels.dev.tsv` of MS MARCO, whose dev is `qrels.dev.small.tsv`). Two other files for
    one split, several that name none, and names that are not allowed are errors: guessing would train on the wrong half.
    """
    names = {file: split_of(unsharded(file.name), stem) for file in files}
    if len(files) == 1:
        (only,) = names.values()
        return {only if only and is_split_name(only) and names_split(only) else UNION: files[0]}
    named: dict[str, Path] = {}
    for file, split in names.items():
        if split is None:
            continue
        if not is_split_name(split):
            remedy = f"rename the file; allowed are {ALLOWED}"
            problems.error("split name", f"{file}: {shown(split)} cannot be a split's name: {remedy}")
        if split in named and is_small(file) != is_small(named[split]):
            small, large = (file, named[split]) if is_small(file) else (named[split], file)
            named[split] = small
            problems.warn(
                "small file", f"{where}: {split} is {small.name}; {large.name} beside it is left out"
            )
        elif split in named:
            both = f"{named[split].name} and {file.name}"
            problems.error("split files", f"{where}: {both} both give the {split} split: keep one of them")
        else:
            named[split] = file
    if files and not any(names.values()):
        listing = ", ".join(file.name for file in files)
        problems.error(
            "split files", f"{where}: {listing} name no split: call them train, dev and test, or keep one"
        )
        return {UNION: files[0]}
    return named


def is_small(file: Path) -> bool:
    """Whether a file's name says that it is the small one of a split's two, `qrels.dev.small.tsv`."""
    return "small" in file.name.lower().split(".")
