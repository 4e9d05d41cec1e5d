"""Steps of a run that were repeated to see what stood in a query's loss, one JSON file a step and query.

`explained/step-<n>-query-<row>.json` holds the facts of an `experiments.explanation.Explanation`; row: of the dataset.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ..errors import StoreError
from .files import make_folder, remove, write_json_atomic

FOLDER = "explained"
_FILE = re.compile(r"step-(\d+)-query-(\d+)\.json")


def path_of(run: Path, step: int, query: int) -> Path:
    """Where the facts of a step and a query lie."""
    return run / FOLDER / f"step-{step:08d}-query-{query}.json"


def write(run: Path, step: int, query: int, facts: dict[str, Any]) -> Path:
    """Store facts, replacing older ones. StoreError when they cannot be written."""
    path = path_of(run, step, query)
    make_folder(path.parent)
    write_json_atomic(path, facts)
    return path


def read(run: Path, step: int, query: int) -> dict[str, Any]:
    """What `write` stored, nan as None. StoreError if there is none, or it is damaged."""
    path = path_of(run, step, query)
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(facts, dict):
            raise ValueError("not an object")
    except (OSError, ValueError) as error:
        raise damaged(path, error) from None
    return facts


def damaged(path: Path, error: Exception) -> StoreError:
    """The error for a file that cannot be read, with the remedy."""
    return StoreError(f"{path}: cannot be read ({error}): delete it and repeat the step")


def truncate(run: Path, step: int) -> None:
    """Remove what was repeated of steps beyond `step`: they are about to be trained again."""
    folder = run / FOLDER
    for path in list(folder.iterdir()) if folder.is_dir() else ():
        match = _FILE.fullmatch(path.name)
        if match and int(match[1]) > step:
            remove(path)
