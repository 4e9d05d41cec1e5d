"""The texts of a picture and their vectors at each snapshot: the same texts in every frame.

The sample is stratified and depends on the seed alone: a third are queries; then documents in this order, so that
what belongs together is drawn together: positives of those queries, negatives drawn for them, any others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import ProbeError
from ...rng import generator
from ...runs import Run
from ..geometry.estimate import sample_rows
from ..geometry.run import label_pairs, snapshot_steps

MOST_POINTS = 20_000  # that a browser draws with WebGL without delay


@dataclass(frozen=True, eq=False)
class Frames:
    """steps: of the frames. is_query, rows: (n,), each point's side and row of the dataset. vectors: (F, n, D) float32.

    skipped: steps whose vectors are not finite. Rows of zero vectors are kept; they have no direction.
    """

    steps: list[int]
    is_query: np.ndarray
    rows: np.ndarray
    vectors: np.ndarray
    skipped: list[int]

    def place(self, is_query: bool, row: int) -> int | None:
        """Where a text stands among the points; None where it was not sampled."""
        found = np.flatnonzero((self.is_query == is_query) & (self.rows == row))
        return int(found[0]) if len(found) else None


def gather(run: Run, points: int = MOST_POINTS, most_frames: int | None = None, seed: int = 0) -> Frames:
    """The frames of `run`: all its snapshots, or `most_frames` of them evenly over training, first and last included.

    Raises ProbeError where there is no snapshot, or none whose vectors are finite.
    """
    steps = evenly(snapshot_steps(run), most_frames)
    first = run.embeddings(steps[0])
    queries, documents = stratified(
        first["query_rows"], first["document_rows"], label_pairs(run), drawn_pairs(run), points, seed
    )
    kept, skipped, vectors = [], [], []
    for step in steps:
        arrays = run.embeddings(step)
        frame = np.concatenate([arrays["queries"][queries], arrays["documents"][documents]]).astype(
            np.float32
        )
        if np.isfinite(frame).all():
            kept.append(step)
            vectors.append(frame)
        else:
            skipped.append(step)
    if not kept:
        raise ProbeError(
            f"run '{run.name}': no snapshot has finite vectors (the training diverged): "
            "train with a lower optimizer.learning_rate"
        )
    rows = np.concatenate([first["query_rows"][queries], first["document_rows"][documents]]).astype(np.int64)
    is_query = np.arange(len(rows)) < len(queries)
    return Frames(kept, is_query, rows, np.stack(vectors), skipped)


def evenly(steps: list[int], most: int | None) -> list[int]:
    """At most `most` of the steps, evenly spaced, the first and the last among them."""
    if most is None or len(steps) <= most:
        return steps
    return [steps[round(i)] for i in np.linspace(0, len(steps) - 1, most)]


def drawn_pairs(run: Run) -> np.ndarray:
    """(m, 2) int64: each query and document that was drawn as its negative, by rows of the dataset, once each."""
    table = run.negatives_dataset().to_table(columns=["query", "document"])
    pairs = np.stack([table["query"].to_numpy(), table["document"].to_numpy()], axis=1).astype(np.int64)
    keys = np.unique(pairs[pairs[:, 1] >= 0] @ np.array([1 << 32, 1]))
    return np.stack([keys >> 32, keys & 0xFFFFFFFF], axis=1)


def stratified(
    query_rows: np.ndarray,
    document_rows: np.ndarray,
    positives: np.ndarray,
    negatives: np.ndarray,
    points: int,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Places, ascending, in `query_rows` and `document_rows` of at most `points` texts; all where there are no more.

    positives, negatives: (m, 2) pairs of query row and document row.
    """
    room = max(points - len(document_rows), points // 3)
    queries = sample_rows(len(query_rows), room, "projection, queries", seed)
    left = points - len(queries)
    random = generator(seed, "projection, documents")
    chosen = np.empty(0, np.int64)
    for rows in (
        _partners(positives, query_rows[queries]),
        _partners(negatives, query_rows[queries]),
        document_rows,
    ):
        fresh = np.setdiff1d(rows[np.isin(rows, document_rows)], chosen)
        chosen = np.concatenate([chosen, random.permutation(fresh)[: left - len(chosen)]])
    return queries, np.sort(np.searchsorted(document_rows, chosen))


def _partners(pairs: np.ndarray, queries: np.ndarray) -> np.ndarray:
    return pairs[np.isin(pairs[:, 0], queries), 1]
