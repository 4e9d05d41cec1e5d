"""What the page *Embedding space* reads of runs: measures, pictures and neighbours, kept while snapshots stay the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from ance_core.errors import AnceError
from ance_core.probes.geometry import (
    Geometry,
    anisotropy,
    checked,
    cosine_histogram,
    k_occurrence,
    label_pairs,
    nearest,
    unit,
)
from ance_core.probes.geometry.run import SIDES, measure_step
from ance_core.probes.projection import Frames, Projection, gather, pca, read_umap
from ance_core.runs import Run

T = TypeVar("T")
KEPT = 200  # results; a picture of 4,000 texts at 7 snapshots takes 15 MB, all others little
PICTURES = 3
K = 10

_kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True, eq=False)
class Picture:
    """Points in two dimensions at several steps. shares: of the variance an axis shows, for PCA only."""

    method: str
    steps: list[int]
    is_query: np.ndarray
    rows: np.ndarray
    xy: np.ndarray  # (F, n, 2)
    shares: np.ndarray | None
    skipped: list[int]

    def place(self, is_query: bool, row: int) -> int | None:
        """Where a text stands among the points; None where it is not in the picture."""
        found = np.flatnonzero((self.is_query == is_query) & (self.rows == row))
        return int(found[0]) if len(found) else None


@dataclass(frozen=True, eq=False)
class Shapes:
    """Distributions at a step: densities of cosines by kind, k-occurrence counts by side."""

    cosines: dict[str, np.ndarray]
    occurrence: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Company:
    """What a query has around it at a step, as rows of the dataset. scores: of nearest and of positives."""

    positives: np.ndarray
    negatives: np.ndarray
    nearest: np.ndarray
    nearest_scores: np.ndarray
    ranks: dict[int, int]  # of a positive among the documents of the snapshot, from 1


def followed(run: Run, measure: str = "mean_cosine") -> pd.DataFrame:
    """Mean cosine or effective rank at each snapshot: run, of, step, value, and seconds and examples, which are unknown."""
    table = _keep(run, ("followed", measure), lambda: anisotropy(run, measure))
    return table.assign(run=run.name, seconds=np.nan, examples=np.nan)


def sizes(run: Run) -> dict[str, tuple[int, int]]:
    """How many queries and documents a snapshot of the run holds, and of how many dimensions, by side."""

    def measure() -> dict[str, tuple[int, int]]:
        arrays = run.embeddings(run.snapshots()[0])
        return {of: (arrays[of].shape[0], arrays[of].shape[1]) for of in SIDES}

    return _keep(run, "sizes", measure)


def measured(run: Run, step: int) -> Geometry:
    """The measures at a snapshot, with the overlap of neighbours since the one before. ProbeError if not finite."""
    steps = run.snapshots()
    earlier = steps[: steps.index(step)]
    before = None
    if earlier:
        try:
            before = _keep(run, ("alone", earlier[-1]), lambda: measure_step(run, earlier[-1])).neighbours
        except AnceError:  # a damaged or diverged snapshot before: no overlap then
            before = None
    return _keep(run, ("measures", step), lambda: measure_step(run, step, label_pairs(run), before))


def picture_pca(run: Run) -> Picture:
    """All texts of the snapshots by joint PCA."""

    def draw() -> Picture:
        frames: Frames = gather(run)
        xy, shares = pca(frames)
        return Picture("PCA", frames.steps, frames.is_query, frames.rows, xy, shares, frames.skipped)

    return _keep(run, "pca", draw)


def picture_umap(run: Run) -> Picture:
    """The UMAP that was computed last. ProbeError where there is none."""
    found: Projection = read_umap(run)
    return Picture("UMAP", found.steps, found.is_query, found.rows, found.xy, None, [])


def shapes(run: Run, step: int) -> Shapes:
    """Distributions of cosines and of k-occurrence at a snapshot."""

    def measure() -> Shapes:
        arrays = run.embeddings(step)
        vectors = {name: checked(arrays[name], name) for name in ("queries", "documents")}
        units = {name: unit(array)[0] for name, array in vectors.items()}
        cosines = {name: cosine_histogram(array) for name, array in units.items()}
        cosines["queries and documents"] = cosine_histogram(units["queries"], units["documents"])
        scores = vectors["queries"][:2048] @ vectors["documents"][:2048].T
        return Shapes(
            cosines, {"documents": k_occurrence(scores, K), "queries": k_occurrence(scores.T.copy(), K)}
        )

    return _keep(run, ("shapes", step), measure)


def company(run: Run, step: int, query: int) -> Company | None:
    """What stands around a query, by its row; None where the snapshot does not have it."""
    return _keep(run, ("company", step, query), lambda: _company(run, step, query))


def _company(run: Run, step: int, query: int) -> Company | None:
    arrays = run.embeddings(step)
    place = np.flatnonzero(arrays["query_rows"] == query)
    if not len(place):
        return None
    vector, documents = (
        checked(arrays["queries"][place[:1]], "query"),
        checked(arrays["documents"], "documents"),
    )
    rows = np.asarray(arrays["document_rows"])
    best = nearest(vector, documents, K)[0]
    scores = documents @ vector[0]
    drawn = run.negatives(
        [("query", "==", query), ("step", "<=", step)], columns=["step", "positive", "document"]
    )
    pairs = _keep(run, "labels", lambda: label_pairs(run))
    positives = pairs[pairs[:, 0] == query, 1]
    places = {int(row): np.flatnonzero(rows == row) for row in positives}
    ranks = {row: int((scores > scores[at[0]]).sum()) + 1 for row, at in places.items() if len(at)}
    latest = drawn.sort_values("step", ascending=False)["document"].drop_duplicates().to_numpy()
    return Company(positives, latest[latest >= 0], rows[best], scores[best], ranks)


def query_rows(run: Run) -> list[int]:
    """The queries of a run's snapshots, as rows of the dataset."""
    return [int(row) for row in run.embeddings(run.snapshots()[0])["query_rows"]]


def most_told(run: Run) -> int | None:
    """The query of the snapshots with most negatives on record; None where none of them has any."""
    return _keep(run, "most told", lambda: _most_told(run))


def _most_told(run: Run) -> int | None:
    known = query_rows(run)
    asked = run.negatives(columns=["query"])["query"].to_numpy()
    if not known:
        return None
    counts = np.bincount(asked[asked >= 0], minlength=max(known) + 1)[known]
    return known[int(counts.argmax())] if counts.max() else None


def query_of(run: Run, document: int) -> int | None:
    """A query of the snapshots that has this document as a positive; None where none does."""
    pairs = _keep(run, "labels", lambda: label_pairs(run))
    known = set(query_rows(run))
    return next((int(q) for q in pairs[pairs[:, 1] == document, 0] if int(q) in known), None)


def _keep(run: Run, what: Any, read: Callable[[], T]) -> T:
    """`read()`, or its earlier result while the run has the same snapshots."""
    key = (str(run.folder), run.info.get("id"), tuple(run.snapshots()), what)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]  # type: ignore[no-any-return]
    value = read()
    with _lock:
        _kept[key] = value
        pictures = [k for k in _kept if k[3] == "pca"]
        for old in [*pictures[:-PICTURES], *list(_kept)[: max(0, len(_kept) - KEPT)]]:
            _kept.pop(old, None)
    return value
