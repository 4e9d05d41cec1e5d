"""Pools on disk: one safetensors file an index step, complete or absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

from ..runs.files import atomic_file, make_folder
from .base import Pool

ARRAYS = ("docs", "scores", "label_scores", "sources", "index_step", "log_weights")


def pool_path(folder: Path, step: int) -> Path:
    """Where the pools mined with the weights of `step` are kept."""
    return folder / f"step-{step:08d}.safetensors"


def pool_steps(folder: Path) -> list[int]:
    """The steps that have pools in a folder, ascending; none where there is no folder."""
    return sorted(int(path.stem.removeprefix("step-")) for path in folder.glob("step-*.safetensors"))


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
    """The pools of a step, in the order they were written."""
    return pools_from_bytes(pool_path(folder, step).read_bytes())


def pools_from_bytes(data: bytes) -> dict[str, Pool]:
    """What `pools_to_bytes` made."""
    arrays = load(data)
    parts: dict[str, dict[str, np.ndarray]] = {}
    for key, array in arrays.items():
        name, field = key.split("/", 1)
        parts.setdefault(name, {})[field] = array
    return {name: Pool(**fields) for name, fields in parts.items()}
