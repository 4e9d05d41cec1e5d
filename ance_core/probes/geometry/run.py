"""The measures over a run: every snapshot in turn, and how evenly it drew its negatives between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ProbeError, StoreError
from ...runs import Run
from .angles import mean_cosine_of
from .draws import evenness
from .light import Light
from .neighbours import Neighbours
from .snapshot import Geometry, Sizes, measure_snapshot
from .spectrum import effective_rank_of

if TYPE_CHECKING:
    import pandas as pd

READINGS = ("step", "of", "measure", "value", "half_width")
DRAWS = ("step", "of", "draws", "entropy", "gini", "even_entropy", "even_gini")


@dataclass(frozen=True, eq=False)
class RunGeometry:
    """What was measured of a run. lights, notes: by step; a snapshot that cannot be measured has a note only."""

    readings: pd.DataFrame  # columns READINGS
    draws: pd.DataFrame  # columns DRAWS: negatives drawn since the snapshot before, by kind
    lights: dict[int, Light]
    notes: dict[int, list[str]]


def measure_run(run: Run, steps: list[int] | None = None) -> RunGeometry:
    """All measures at the snapshots of `run`, or at those of `steps`.

    Raises ProbeError when the run has no snapshot, or no step of `steps` has one.
    """
    import pandas as pd

    wanted = snapshot_steps(run, steps)
    pairs = label_pairs(run)
    rows: list[tuple[Any, ...]] = []
    lights: dict[int, Light] = {}
    notes: dict[int, list[str]] = {}
    before: dict[str, Neighbours] | None = None
    for step in wanted:
        try:
            found = measure_step(run, step, pairs, before)
        except (ProbeError, StoreError) as error:
            notes[step], before = [str(error)], None
            continue
        rows += [(step, *reading) for reading in found.readings]
        lights[step], notes[step], before = found.light, found.notes, found.neighbours
    return RunGeometry(pd.DataFrame(rows, columns=list(READINGS)), draw_evenness(run), lights, notes)


def snapshot_steps(run: Run, steps: list[int] | None = None) -> list[int]:
    """The steps of `run` that have a snapshot, or those among `steps`. ProbeError where there are none."""
    known = run.snapshots()
    if not known:
        raise ProbeError(
            f"run '{run.name}': no snapshots, nothing to measure: train with record.snapshot_every above 0"
        )
    chosen = known if steps is None else [step for step in known if step in steps]
    if not chosen:
        raise ProbeError(
            f"run '{run.name}': no snapshot at these steps: choose from {', '.join(map(str, known))}"
        )
    return chosen


def measure_step(
    run: Run,
    step: int,
    pairs: np.ndarray | None = None,
    before: dict[str, Neighbours] | None = None,
) -> Geometry:
    """The measures of one snapshot; pairs: rows of the dataset, as `label_pairs` gives them.

    Raises ProbeError where its vectors are not finite, StoreError where it is damaged or absent.
    """
    arrays = run.embeddings(step)
    places = None if pairs is None else _places(pairs, arrays["query_rows"], arrays["document_rows"])
    data = run.info.get("dataset") or {}
    sizes = Sizes(data.get("queries"), data.get("docs"))
    return measure_snapshot(arrays, places, before, sizes)


SIDES = ("queries", "documents")
FOLLOWED: dict[str, Callable[[np.ndarray], float]] = {
    "mean_cosine": mean_cosine_of,
    "effective_rank": effective_rank_of,
}
"""The measures that a training logs of its snapshots, as the scalars `<measure>/<side>`."""


def anisotropy_now(vectors: np.ndarray) -> dict[str, float]:
    """The measures FOLLOWED of vectors (n, D) as a snapshot will hold them, in half precision; NaN if not finite."""
    with np.errstate(over="ignore"):
        kept = np.asarray(vectors).astype(np.float16)
    return {measure: of(kept) for measure, of in FOLLOWED.items()}


def anisotropy(run: Run, measure: str = "mean_cosine") -> pd.DataFrame:
    """One of the measures FOLLOWED at every snapshot: columns step, of, value.

    From the log where the training wrote it there, else from the vectors, which takes milliseconds a snapshot. Vectors
    that are not finite give NaN.
    """
    import pandas as pd

    log = run.scalars([f"{measure}/{of}" for of in SIDES])
    known = dict(zip(zip(log["step"], log["name"], strict=True), log["value"], strict=True))
    rows = []
    for step in run.snapshots():
        found = {of: known.get((step, f"{measure}/{of}")) for of in SIDES}
        if None in found.values():
            arrays = run.embeddings(step)
            found = {of: FOLLOWED[measure](arrays[of]) for of in SIDES}
        rows += [(step, of, value) for of, value in found.items()]
    return pd.DataFrame(rows, columns=["step", "of", "value"])


def label_pairs(run: Run) -> np.ndarray:
    """(m, 2) int64: each query and positive that the run trained on, by rows of the dataset, once each."""
    table = run.negatives(columns=["query", "positive"])
    pairs = np.stack([table["query"].to_numpy(), table["positive"].to_numpy()], axis=1).astype(np.int64)
    pairs = pairs[pairs[:, 1] >= 0]
    keys = np.unique(pairs[:, 0] << 32 | pairs[:, 1])
    return np.stack([keys >> 32, keys & 0xFFFFFFFF], axis=1)


def _places(pairs: np.ndarray, query_rows: np.ndarray, document_rows: np.ndarray) -> np.ndarray:
    """The pairs of which both texts are in the snapshot, as places in its arrays."""
    there = np.isin(pairs[:, 0], query_rows) & np.isin(pairs[:, 1], document_rows)
    kept = pairs[there]
    return np.stack([np.searchsorted(query_rows, kept[:, 0]), np.searchsorted(document_rows, kept[:, 1])], 1)


def draw_evenness(run: Run) -> pd.DataFrame:
    """Columns DRAWS, a row for each snapshot and kind drawn since the one before: documents, queries (DANCE's dual).

    Over all documents of the corpus; over the queries that were ever trained on.
    """
    import pandas as pd

    table = run.negatives(columns=["step", "query", "document", "negative_query"])
    step = table["step"].to_numpy()
    kinds = {
        "documents": (table["document"].to_numpy(), int((run.info.get("dataset") or {}).get("docs") or 0)),
        "queries": (table["negative_query"].to_numpy(), len(np.unique(table["query"].to_numpy()))),
    }
    rows, last = [], 0
    for until in run.snapshots():
        since = (step > last) & (step <= until)
        for of, (items, size) in kinds.items():
            drawn = items[since & (items >= 0)]
            if len(drawn):
                _, counts = np.unique(drawn, return_counts=True)
                padded = np.zeros(max(size, len(counts)), np.int64)
                padded[: len(counts)] = counts
                rows.append((until, of, len(drawn), *evenness(padded)))
        last = until
    return pd.DataFrame(rows, columns=list(DRAWS))
