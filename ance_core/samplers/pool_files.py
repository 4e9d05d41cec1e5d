"""Pools on disk: one safetensors file an index step, complete or absent."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

from ..runs.files import atomic_file, make_folder
from ..runs.headers import check_safetensors
from ..runs.reading import reading
from ..runs.wear import POOL_REMEDY
from .base import SOURCES, Pool

ARRAYS = ("docs", "scores", "label_scores", "sources", "index_step", "log_weights")  # the last is optional
_FILE = re.compile(r"step-([0-9]{1,12})\.safetensors")


def pool_path(folder: Path, step: int) -> Path:
    """Where the pools mined with the weights of `step` are kept."""
    return folder / f"step-{step:08d}.safetensors"


def pool_steps(folder: Path) -> list[int]:
    """The steps that have pools in a folder, ascending; none where there is no folder."""
    names = (_FILE.fullmatch(path.name) for path in folder.glob("step-*.safetensors"))
    return sorted(int(name[1]) for name in names if name)


def pools_to_bytes(pools: dict[str, Pool]) -> bytes:
    """All arrays of all pools, named `<pool>/<array>`."""
    arrays = {
        f"{name}/{key}": np.ascontiguousarray(getattr(pool, key))
        for name, pool in pools.items()
        for key in ARRAYS
        if getattr(pool, key) is not None
    }
    return save(arrays)


def write_pools(folder: Path, step: int, pools: dict[str, Pool]) -> None:
    """Write a step's pools; the file appears whole or not at all."""
    make_folder(folder)
    with atomic_file(pool_path(folder, step)) as temporary:
        temporary.write_bytes(pools_to_bytes(pools))


def read_pools(folder: Path, step: int) -> dict[str, Pool]:
    """The pools of a step, in the order they were written. StoreError where they cannot be read."""
    path = pool_path(folder, step)
    with reading(path, POOL_REMEDY.format(step)):
        check_safetensors(path)
        return pools_from_bytes(path.read_bytes())


def pools_from_bytes(data: bytes) -> dict[str, Pool]:
    """What `pools_to_bytes` made. ValueError where arrays are missing, or do not belong together."""
    arrays = load(data)
    parts: dict[str, dict[str, np.ndarray]] = {}
    for key, array in arrays.items():
        name, field = key.split("/", 1)
        parts.setdefault(name, {})[field] = array
    for name, fields in parts.items():
        _check(name, fields)
    return {name: Pool(**fields) for name, fields in parts.items()}


def _check(name: str, fields: dict[str, np.ndarray]) -> None:
    absent = [key for key in ARRAYS[:-1] if key not in fields]
    if absent or set(fields) - set(ARRAYS):
        raise ValueError(f"{name}: no array '{absent[0]}'" if absent else f"{name}: arrays that no pool has")
    docs, weights = fields["docs"], fields.get("log_weights")
    ranked = [fields["scores"], fields["sources"], *([weights] if weights is not None else [])]
    if docs.ndim != 2 or any(array.shape != docs.shape for array in ranked):
        raise ValueError(f"{name}: candidates, scores and sources of different shapes")
    if fields["index_step"].shape != docs.shape[:1] or fields["label_scores"].ndim != 1:
        raise ValueError(f"{name}: not one index_step a query, or label_scores that are no row")
    whole = [docs, fields["sources"], fields["index_step"]]
    if any(array.dtype.kind not in "iu" for array in whole) or fields["scores"].dtype.kind != "f":
        raise ValueError(f"{name}: numbers of another kind than a pool has")
    if docs.size and (docs.min() < -1 or fields["sources"].max() >= len(SOURCES)):
        raise ValueError(f"{name}: documents or sources that there cannot be")
