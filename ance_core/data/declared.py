"""What a collection says of itself, in a `collection.yaml` in its folder: a title, and defaults for its trainings.

    title: Harbour office
    about: what the harbour office is asked, every answer judged
    labels_per_query: 1            # a whole number, or all
    settings:                      # by kind of encoder, as `ance tune` found them
      static:
        warmup: {steps: 200}
        optimizer: {learning_rate: 1e-3}

All of it may be left out. Nothing of it enters the fingerprint. What a run takes from it stands in its `run.json`.
Of collections that come along the file is beside the sample, or, of built ones, `collections/<name>.yaml` here.
"""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from ..fields import misfit
from .declaration import NOTHING, Declared
from .embedded import SAMPLES, built_name
from .formats import inside
from .formats.hub import PREFIX as HUB
from .formats.irds import PREFIX as IRDS
from .problems import Problems

__all__ = ["FILE", "NOTHING", "Declared", "declared", "read_declared"]

FILE = "collection.yaml"


def declared(name_or_path: str | Path) -> Declared:
    """What the collection of that name or in that folder says of itself, without building or reading it.

    A variant of a built one (`pydocs:stdlib`) is described by the same file, without `settings`, which were found on
    the collection as it is by default. `NOTHING` for what has no such file, and for what is not there at all.
    DataError with file and line for a file that is wrong.

    >>> declared("campus").labels_per_query
    1
    """
    problems = Problems()
    found = read_declared(name_or_path, problems)
    problems.raise_errors()
    return found


def read_declared(name_or_path: str | Path, problems: Problems) -> Declared:
    """The same; what is wrong goes to `problems`."""
    if parts := built_name(name_or_path):
        name, variant, _ = parts
        found = _read(Path(str(files(__package__) / "collections" / f"{name}.yaml")), problems)
        return Declared(found.title, found.about, found.labels_per_query) if variant else found
    if isinstance(name_or_path, str) and name_or_path in SAMPLES:
        return _read(Path(str(files("ance_samples") / name_or_path / FILE)), problems)
    if str(name_or_path).startswith((IRDS, HUB)) or misfit(str(name_or_path)):
        return NOTHING  # of a name that no folder can have it is said when it is read
    return _read(inside(Path(os.path.expanduser(name_or_path))) / FILE, problems)


def _read(path: Path, problems: Problems) -> Declared:
    if not path.is_file():
        return NOTHING
    from .declared_file import read_file  # what reads and checks it is loaded where there is one

    return Declared(**read_file(path, problems))
