"""Snapshots: embeddings at a step, as float16 arrays that are mapped into memory, never loaded whole.

`snapshots/step-<n>/` holds one `.npy` file an array and a manifest. Half precision keeps three digits, which
is finer than any picture of an embedding space; integers (row ids) are stored as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import StoreError
from .files import atomic_folder, remove, write_json_atomic
from .headers import npy_mapped
from .reading import read_json, reading

FOLDER = "snapshots"
MANIFEST = "manifest.json"
EMBEDDINGS = ("queries", "query_rows", "documents", "document_rows")  # what a training takes
REMEDY = "delete the folder of the damaged snapshot, or restore it from a copy"
_STEP = re.compile(r"step-([0-9]{1,12})")
_ARRAY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def step_folder(parent: Path, step: int) -> Path:
    """`parent/step-<n>`; zero-padded, so that names sort as steps do."""
    return parent / f"step-{step:08d}"


def step_folders(parent: Path) -> dict[int, Path]:
    """The finished `step-<n>` folders below `parent`, ascending."""
    if not parent.is_dir():
        return {}
    found = {
        int(m[1]): path for path in parent.iterdir() if (m := _STEP.fullmatch(path.name)) and path.is_dir()
    }
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


def read(run: Path, step: int, documents: int | None = None) -> dict[str, np.ndarray]:
    """The arrays of one snapshot, mapped read-only; StoreError if `step` has none or a damaged one.

    documents: of the corpus, whose rows end there; None: unknown.
    """
    folder = step_folders(run / FOLDER).get(step)
    if folder is None:
        known = ", ".join(map(str, step_folders(run / FOLDER))) or "none"
        raise StoreError(f"run '{run.name}': no snapshot at step {step}: choose one of: {known}")
    told = read_json(folder / MANIFEST, REMEDY)
    arrays = {}
    for name, entry in _entries(folder / MANIFEST, told):
        path = folder / f"{name}.npy"
        with reading(path, REMEDY):
            arrays[name] = array = npy_mapped(path)
            if [*array.shape] != entry["shape"] or str(array.dtype) != entry["dtype"]:
                raise ValueError(
                    f"{array.dtype} {array.shape}, the manifest says {entry['dtype']} {entry['shape']}"
                )
    with reading(folder, REMEDY):
        _check_lengths(arrays, documents)
    return arrays


def _entries(path: Path, told: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    with reading(path, REMEDY):
        entries = told["arrays"]
        if not all(
            _ARRAY.fullmatch(name) and {"shape", "dtype"} <= set(entry) for name, entry in entries.items()
        ):
            raise ValueError("it does not say what arrays there are")
        return list(entries.items())


def _check_lengths(arrays: Mapping[str, np.ndarray], documents: int | None) -> None:
    """ValueError unless a row belongs to each vector, ascending within the dataset, and all vectors have one length."""
    widths = set()
    for vectors, rows in (("queries", "query_rows"), ("documents", "document_rows")):
        if vectors not in arrays or rows not in arrays:
            continue
        one, own = arrays[vectors], arrays[rows]
        if one.ndim != 2 or own.ndim != 1 or len(one) != len(own) or own.dtype.kind != "i":
            raise ValueError(f"{vectors} {one.shape} and {rows} {own.shape} do not belong together")
        widths.add(one.shape[1])
        if len(own) and (own[0] < 0 or (np.diff(own) <= 0).any()):
            raise ValueError(f"{rows}: they do not ascend")
        if vectors == "documents" and documents is not None and len(own) and own[-1] >= documents:
            raise ValueError(f"{rows}: row {int(own[-1])} of {documents} documents")
    if len(widths) > 1:
        raise ValueError(f"vectors of lengths {sorted(widths)}")


def truncate(parent: Path, step: int) -> None:
    """Remove the `step-<n>` folders beyond `step`: snapshots, and checkpoints, which have the same layout."""
    for number, folder in step_folders(parent).items():
        if number > step:
            remove(folder)
