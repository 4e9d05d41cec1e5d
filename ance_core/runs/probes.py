"""Probes: exact gradient norms of instances at a step, one parquet file a step.

`probes/step-<n>.parquet` has a row an instance (query, positive, negative), under the weights after n updates; the
columns are `COLUMNS`, then one `band/<name>` for each band of the encoder. The variance of samplers, where it was
asked for, is in `probes/variance-<n>.json`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import StoreError
from .files import atomic_file, make_folder, remove, write_json_atomic
from .headers import check_parquet
from .reading import is_number, read_json, reading

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "probes"
COLUMNS = (
    "sampler",  # recipe whose negative this is
    "query",
    "positive",
    "document",  # rows of the dataset
    "source",
    "probability",  # stated by the sampler for one draw
    "hidden",  # a relevant document withheld from training
    "rank",  # of the negative among all documents that are not judged, 0-based, under these weights
    "positive_rank",  # of the positive, likewise
    "score",
    "positive_score",
    "loss",  # of the two-way NLL
    "output",  # gradient norm at the text vectors
    "total",  # gradient norm over all parameters
)
BAND = "band/"
NORMS = ("output", "total")
REMEDY = "delete it and probe again"
_VARIANCE_REMEDY = "probe again with --variance"
_FILE = re.compile(r"step-([0-9]{1,12})\.parquet")
_VARIANCE = re.compile(r"variance-([0-9]{1,12})\.json")


def probe_path(run: Path, step: int) -> Path:
    """Where the probe at a step lies."""
    return run / FOLDER / f"step-{step:08d}.parquet"


def write(run: Path, step: int, frame: pd.DataFrame) -> Path:
    """Store a probe, replacing an older one of that step. StoreError when it cannot be written."""
    path = probe_path(run, step)
    make_folder(path.parent)
    with atomic_file(path) as temporary:
        frame.to_parquet(temporary, index=False)
    return path


def steps(run: Path) -> list[int]:
    """The steps that have a probe, ascending."""
    return _numbers(run, _FILE)


def read(run: Path, step: int) -> pd.DataFrame:
    """The probe at a step. StoreError if there is none, or it is damaged."""
    import pandas as pd

    path = probe_path(run, step)
    if not path.exists():
        known = ", ".join(map(str, steps(run))) or "none"
        raise StoreError(f"run '{run.name}': no probe at step {step}: there are: {known}")
    with reading(path, REMEDY):
        check_parquet(path)
        frame = pd.read_parquet(path)
        absent = [name for name in COLUMNS if name not in frame.columns]
        if absent or frame.empty:
            raise ValueError(f"no column '{absent[0]}'" if absent else "no row")
        for name in frame.columns:
            texts = name in ("sampler", "source")
            fits = pd.api.types.is_string_dtype if texts else pd.api.types.is_numeric_dtype
            if not fits(frame[name].dtype) and not (
                texts and isinstance(frame[name].dtype, pd.CategoricalDtype)
            ):
                raise ValueError(f"column '{name}' holds no {'texts' if texts else 'numbers'}")
            if (name in NORMS or name.startswith(BAND)) and not np.isfinite(frame[name]).all():
                raise ValueError(f"column '{name}' has norms that are not finite")
    return frame


def variance_path(run: Path, step: int) -> Path:
    """Where the variance of samplers at a step lies."""
    return run / FOLDER / f"variance-{step:08d}.json"


def write_variance(run: Path, step: int, value: dict[str, Any]) -> Path:
    """Store the variance of samplers at a step."""
    path = variance_path(run, step)
    make_folder(path.parent)
    write_json_atomic(path, value)
    return path


def variance_steps(run: Path) -> list[int]:
    """The steps at which variances were measured, ascending."""
    return _numbers(run, _VARIANCE)


def read_variance(run: Path, step: int) -> dict[str, Any]:
    """What `write_variance` stored. StoreError if there is none, or it is damaged."""
    path = variance_path(run, step)
    value = read_json(path, _VARIANCE_REMEDY)
    with reading(path, _VARIANCE_REMEDY):
        if not value.get("samplers"):
            raise ValueError("no samplers in it")
        for name in ("queries", "negatives"):
            if not is_number(value[name]):
                raise ValueError(f"{name}: {value[name]!r:.60} is not a number")
        for row in value["samplers"]:
            if not isinstance(row["sampler"], str):
                raise ValueError("a sampler without a name")
            for key in ("weighted", "as_run", "bias", "cosine"):
                if row[key] is not None and not is_number(row[key]):
                    raise ValueError(f"{key}: {row[key]!r:.60} is not a number")
        if not all(isinstance(note, str) for note in value.get("notes") or []):
            raise ValueError("notes that are no texts")
    return value


def truncate(run: Path, step: int) -> None:
    """Remove what was measured beyond `step`."""
    for pattern in (_FILE, _VARIANCE):
        for path in _files(run, pattern):
            if _number(path, pattern) > step:
                remove(path)


def _files(run: Path, pattern: re.Pattern[str]) -> list[Path]:
    folder = run / FOLDER
    return [path for path in folder.iterdir() if pattern.fullmatch(path.name)] if folder.is_dir() else []


def _number(path: Path, pattern: re.Pattern[str]) -> int:
    match = pattern.fullmatch(path.name)
    assert match is not None
    return int(match[1])


def _numbers(run: Path, pattern: re.Pattern[str]) -> list[int]:
    return sorted(_number(path, pattern) for path in _files(run, pattern))
