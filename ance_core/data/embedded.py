"""Where a dataset is: the names that come along, folders and files, and `ir_datasets:ID`."""

from __future__ import annotations

import platform
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from ..errors import DataError, nearest
from . import pydocs
from .formats.irds import PREFIX

SAMPLES = {
    "tiny": "a lighthouse island: 24 passages, 36 questions, all pairs judged",
    "campus": "the help centre of an invented university, written for teaching: every false negative is known",
}
BUILT = {
    "pydocs": "this Python's own documentation: about 2,700 summary sentences and the entries they begin"
}


class Place(NamedTuple):
    """Where to read, what to call it, and what to say about its origin ("" for: format and path)."""

    where: str | Path
    name: str
    source: str


def dataset_names() -> dict[str, str]:
    """Embedded datasets and what each is, on one line; the default first."""
    return BUILT | SAMPLES


def locate(name_or_path: str | Path) -> Place:
    """The place of a dataset; an embedded name goes before a folder of that name, `./NAME` means the folder.

    Builds `pydocs` if this Python has not built it yet (seconds). DataError for what is neither.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, str):
        if text.startswith(PREFIX):
            return Place(text, text, "")
        if text in SAMPLES:
            return Place(Path(str(files("ance_samples") / text)), text, f"embedded: {SAMPLES[text]}")
        if text in BUILT:
            version = platform.python_version()
            return Place(pydocs.build(), text, f"standard library documentation of Python {version}")
    path = Path(name_or_path).expanduser()
    if not path.exists():
        hint = nearest(text, dataset_names())
        raise DataError(f"{text}: no such dataset, folder or file{hint}")
    return Place(path, path.resolve().name, "")
