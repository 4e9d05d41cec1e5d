"""UMAP in a process of its own: the request, how far it is, and its result beside the run it is of.

`projections/umap/` in the run's folder holds the result and appears whole; `projections/umap-progress.json` says how
far the process is, and which one it is, so that one that died is known to be dead.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ...errors import AnceError, ProbeError
from ...runs import Run, atomic_folder, write_json_atomic
from ...runs.files import make_folder
from ...runs.headers import npy_mapped
from ...runs.reading import read_json
from ...runs.status import Writer
from .aligned_umap import too_few

FOLDER = "projections"
RESULT, PROGRESS, LOCK = "umap", "umap-progress.json", "umap.lock"
POINTS = 1000  # texts of a UMAP picture
FRAMES = 8  # snapshots of one
_STARTING_S = 30.0  # what a process may take until it writes its first line


@dataclass(frozen=True, eq=False)
class Projection:
    """steps: of the frames; is_query, rows: (n,), as in `Frames`; xy: (F, n, 2), NaN where a text has no place."""

    steps: list[int]
    is_query: np.ndarray
    rows: np.ndarray
    xy: np.ndarray


@dataclass(frozen=True)
class UmapState:
    """absent: never asked for; running: `share` of it done; failed: `message` says why; done: it can be read."""

    state: Literal["absent", "running", "failed", "done"]
    share: float = 0.0
    message: str = ""


def umap_refusal(run: Run) -> str | None:
    """Why there can be no UMAP of `run`, with the remedy; None where one can be asked for."""
    steps = run.snapshots()
    if not steps:
        return f"run '{run.name}': it has no snapshots: train with record.snapshot_every above 0"
    return too_few(sum(len(run.embeddings(steps[0])[rows]) for rows in ("query_rows", "document_rows")))


def umap_request(run: Run) -> subprocess.Popen[bytes] | None:
    """Start computing the UMAP of `run` in a process of its own, which outlives the caller.

    Harmless while one is under way: None then. Raises ProbeError where there can be none, StoreError where the run's
    folder cannot be written.
    """
    if umap_state(run).state == "running":
        return None
    if reason := umap_refusal(run):
        raise ProbeError(reason)
    make_folder(run.folder / FOLDER)
    _note(run.folder, {"state": "running", "share": 0.0, "message": "", "writer": None})
    command = [sys.executable, "-m", "ance_core.probes.projection.worker", str(run.folder.resolve())]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)


def umap_state(run: Run) -> UmapState:
    """Where the UMAP of `run` stands."""
    done = (run.folder / FOLDER / RESULT / "manifest.json").is_file()
    try:
        found = json.loads((run.folder / FOLDER / PROGRESS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return UmapState("done" if done else "absent")
    try:
        if found["state"] == "failed":
            return UmapState("failed", message=str(found["message"]))
        writer = Writer(**found["writer"]) if found["writer"] else None
        noted, share = float(found["time"]), min(1.0, max(0.0, float(found["share"])))
        if writer.alive(noted) if writer else time.time() - noted < _STARTING_S:
            return UmapState("running", share)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        return UmapState("done" if done else "absent")  # a damaged note says nothing
    if done:
        return UmapState("done")
    return UmapState("failed", message="its process ended without a word: ask for it again")


def read_umap(run: Run) -> Projection:
    """The last UMAP that was computed for `run`. ProbeError where there is none, or a damaged one."""
    folder = run.folder / FOLDER / RESULT
    try:
        steps = [int(step) for step in read_json(folder / "manifest.json")["steps"]]
        is_query, rows, xy = (
            np.array(npy_mapped(folder / f"{name}.npy")) for name in ("is_query", "rows", "xy")
        )
        if (
            is_query.ndim != 1
            or rows.shape != is_query.shape
            or xy.shape != (len(steps), len(rows), 2)
            or not steps
        ):
            raise ValueError("arrays that do not belong together")
    except (AnceError, OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise ProbeError(
            f"{folder}: no UMAP that can be read ({type(error).__name__}): compute it again"
        ) from None
    return Projection(steps, is_query.astype(bool), rows, xy)


def write_umap(run: Path, projection: Projection) -> None:
    """Store a UMAP in the folder of a run, replacing an older one."""
    with atomic_folder(run / FOLDER / RESULT) as folder:
        for name in ("is_query", "rows", "xy"):
            np.save(folder / f"{name}.npy", getattr(projection, name), allow_pickle=False)
        write_json_atomic(folder / "manifest.json", {"steps": projection.steps})


def note_progress(run: Path, share: float, state: str = "running", message: str = "") -> None:
    """Say how far this process is."""
    writer = asdict(Writer.this())
    _note(run, {"state": state, "share": share, "message": message, "writer": writer})


def forget_progress(run: Path) -> None:
    """Nothing is under way any more."""
    (run / FOLDER / PROGRESS).unlink(missing_ok=True)


def _note(run: Path, values: dict[str, Any]) -> None:
    write_json_atomic(run / FOLDER / PROGRESS, {**values, "time": time.time()})
