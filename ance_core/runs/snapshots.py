"""Snapshots: embeddings at a step, as float16 arrays that are mapped into memory, never loaded whole.

`snapshots/step-<n>/` holds one `.npy` file an array and a manifest. Half precision keeps three digits, which
is finer than any picture of an embedding space; integers (row ids) are stored as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..errors import StoreError
from .files import atomic_folder, remove, write_json_atomic

FOLDER = "snapshots"
MANIFEST = "manifest.json"
_STEP = re.compile(r"step-(\d+)")
_ARRAY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def step_folder(parent: Path, step: int) -> Path:
    """`parent/step-<n>`; zero-padded, so that names sort as steps do."""
    return parent / f"step-{step:08d}"


def step_folders(parent: Path) -> dict[int, Path]:
    """The finished `step-<n>` folders below `parent`, ascending."""
    if not parent.is_dir():
        return {}
    found = {int(m[1]): path for path in parent.iterdir() if (m := _STEP.fullmatch(path.name))}
    return dict(sorted(found.items()))


def write(run: Path, step: int, arrays: Mapping[str, np.ndarray]) -> None:
    """Store arrays by name; floats become float16, unless a value is too large for it: then float32."""
    bad = [name for name in arrays if not _ARRAY.fullmatch(name)]
    if bad:
        raise ValueError(f"snapshot: array name {bad[0]!r} is not letters, digits, '_', '.' or '-'")
    with atomic_folder(step_folder(run / FOLDER, step)) as folder:
        manifest = {}
        for name, array in arrays.items():
            small = _compact(np.asarray(array))
            with open(folder / f"{name}.npy", "wb") as file:
                np.lib.format.write_array(file, small, allow_pickle=False)
            manifest[name] = {"shape": list(small.shape), "dtype": str(small.dtype)}
        write_json_atomic(folder / MANIFEST, {"step": step, "arrays": manifest})


def _compact(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    return half if np.array_equal(np.isinf(half), np.isinf(array)) else array.astype(np.float32)


def read(run: Path, step: int) -> dict[str, np.ndarray]:
    """The arrays of one snapshot, mapped read-only; StoreError if `step` has none or a damaged one."""
    folder = step_folders(run / FOLDER).get(step)
    if folder is None:
        known = ", ".join(map(str, step_folders(run / FOLDER))) or "none"
        raise StoreError(f"run '{run.name}': no snapshot at step {step}: choose one of: {known}")
    try:
        names = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["arrays"]
        return {
            name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in names if _ARRAY.fullmatch(name)
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{folder}: damaged snapshot ({error}): delete it, or restore it from a copy"
        ) from error


def truncate(parent: Path, step: int) -> None:
    """Remove the `step-<n>` folders beyond `step`: snapshots, and checkpoints, which have the same layout."""
    for number, folder in step_folders(parent).items():
        if number > step:
            remove(folder)
