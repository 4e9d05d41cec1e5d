"""The process that computes a UMAP: `python -m ance_core.probes.projection.worker RUN_FOLDER`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

PACE_S = 0.5  # between two notes of progress


def main(folder: Path) -> None:
    """Compute and store the UMAP of the run in `folder`; what goes wrong is left as a note for readers."""
    # one thread, and behind everything else: a training may be at work on this machine
    os.environ |= {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if hasattr(os, "nice"):
        os.nice(10)
    from filelock import FileLock, Timeout

    from ...errors import AnceError
    from .stored import FOLDER, LOCK, note_progress

    try:
        with FileLock(folder / FOLDER / LOCK, timeout=0):
            try:
                compute(folder)
            except AnceError as error:
                note_progress(folder, 0.0, "failed", str(error))
            except Exception as error:
                note_progress(folder, 0.0, "failed", f"UMAP failed ({type(error).__name__}): use PCA instead")
                raise
    except Timeout:  # another process is at it
        return


def compute(folder: Path) -> None:
    """The work itself, with its progress noted."""
    from ...runs import Run
    from .aligned_umap import fit
    from .frames import gather
    from .stored import FRAMES, POINTS, Projection, forget_progress, note_progress, write_umap

    noted = 0.0

    def progress(share: float) -> None:
        nonlocal noted
        if time.monotonic() - noted >= PACE_S:
            noted = time.monotonic()
            note_progress(folder, share)

    progress(0.0)
    frames = gather(Run(folder), POINTS, FRAMES)
    xy = fit(frames, progress=progress)
    write_umap(folder, Projection(frames.steps, frames.is_query, frames.rows, xy))
    forget_progress(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
