"""UMAP of several snapshots in one fit (McInnes, Healy and Melville 2018, arXiv 1802.03426; umap-learn).

Each frame has a neighbour graph of its own. One optimisation lays out all frames at once, with a force that
keeps a text near where it stands in the frames before and after (`umap.AlignedUMAP`), so that frames can be
compared. The obvious alternative, one UMAP of all frames stacked, was not taken: the nearest neighbours of a text are
then itself at other steps, and the graph shows time instead of the space. Distances are cosines.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ...errors import ProbeError
from .frames import Frames

NEIGHBOURS = 15  # umap-learn's default
EPOCHS = 100
WINDOW = 2  # frames before and after that hold a text
Progress = Callable[[float], None]


def too_few(points: int) -> str | None:
    """Why `points` texts cannot be laid out, with the remedy; None if they can."""
    if points > NEIGHBOURS:
        return None
    return (
        f"UMAP: {points} texts with a direction, it needs more than its {NEIGHBOURS} neighbours: "
        "look at PCA instead, or train with record.snapshot_texts above that"
    )


def fit(frames: Frames, seed: int = 0, progress: Progress = lambda share: None) -> np.ndarray:
    """(F, n, 2) float32; NaN for zero vectors and for texts without neighbours. Takes about a minute for 7 x 1,000.

    `progress` is told the share done, 0 to 1. Raises ProbeError where too few texts have a direction.
    """
    norms = np.linalg.norm(frames.vectors, axis=2)
    directed = (norms > 0).all(axis=0)
    if reason := too_few(int(directed.sum())):
        raise ProbeError(reason)
    units = frames.vectors[:, directed] / norms[:, directed, None]
    xy = np.full((*frames.vectors.shape[:2], 2), np.nan, np.float32)
    xy[:, directed] = _fit(units, seed, progress)
    return xy


def _fit(units: np.ndarray, seed: int, progress: Progress) -> np.ndarray:
    import umap
    import umap.layouts

    settings: dict[str, Any] = {
        "n_neighbors": NEIGHBOURS, "metric": "cosine", "n_epochs": EPOCHS, "random_state": seed
    }  # fmt: skip
    plain = umap.layouts.tqdm
    # umap-learn reports to the terminal only; the loop over epochs goes through this name of its module
    umap.layouts.tqdm = _Epochs(len(units), progress)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a seed means one thread, which is what we want
            if len(units) == 1:
                return np.asarray(umap.UMAP(**settings).fit_transform(units[0]))[None]
            same = [{i: i for i in range(units.shape[1])} for _ in units[1:]]
            model = umap.AlignedUMAP(alignment_window_size=WINDOW, **settings)
            return np.stack(model.fit(list(units), relations=same).embeddings_)
    finally:
        umap.layouts.tqdm = plain


class _Epochs:
    """Counts epochs: one pass for each frame by itself, then a joint one, which takes most of the time."""

    def __init__(self, frames: int, progress: Progress) -> None:
        self.frames, self.progress, self.loops = frames, progress, 0

    def __call__(self, epochs: Iterable[int], **_: object) -> Iterator[int]:
        alone = 0.3 / self.frames if self.frames > 1 else 1.0
        start, share = (alone * self.loops, alone) if self.loops < self.frames else (0.3, 0.7)
        self.loops += 1
        for done, epoch in enumerate(epochs):
            self.progress(start + share * done / EPOCHS)
            yield epoch
