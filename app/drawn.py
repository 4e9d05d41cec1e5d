"""What pages ask of the drawn negatives of runs, kept as long as the files they come from are the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from ance_core.errors import StoreError
from ance_core.probes import negatives as probes
from ance_core.runs import Run

from .source import Source

PHASES = 3
BINS = 40
WINDOWS = 20
GROUPS = 6  # of negatives that are followed in Forgetting
MOST_KEPT = 2000  # answers; a live run asks anew whenever records come
T = TypeVar("T")
_kept: dict[tuple[str, ...], tuple[Any, Any]] = {}
_lock = Lock()


class Overview(NamedTuple):
    """A run's records in numbers: draws, hidden relevants among them, and how hard they were."""

    draws: int
    hidden: int
    above: float  # share that scored above the positive when used
    low: float  # of s_neg - s_pos: all but the outermost two in a thousand lie between
    high: float
    median: float


class Drawn:
    """Cached questions to the runs of a Source. Every method may raise StoreError."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def records(self, name: str) -> probes.Records:
        """The readable records of a run."""
        return probes.open_records(self._source.run(name).folder)

    def overview(self, name: str) -> Overview:
        """Counts and quantiles over all records of documents."""
        return self._ask(name, "overview", _overview)

    def difficulty(self, name: str, edges: np.ndarray) -> probes.Histogram:
        """Counts of s_neg - s_pos by phase."""

        def count(records: probes.Records) -> probes.Histogram:
            drawn = records.read(["step", "score", "positive_score"])
            phase = probes.phase_of(drawn["step"], records.last, PHASES)
            return probes.histogram(drawn["score"] - drawn["positive_score"], edges, phase, PHASES)

        return self._ask(name, f"difficulty {edges[0]:g} {edges[-1]:g} {len(edges)}", count)

    def ranks(self, name: str) -> np.ndarray:
        """(PHASES, bands + 1) draws by phase and rank band."""

        def count(records: probes.Records) -> np.ndarray:
            drawn = records.read(["step", "rank"])
            phase = probes.phase_of(drawn["step"], records.last, PHASES)
            return probes.ranks_by_phase(drawn["rank"], phase, PHASES)

        return self._ask(name, "ranks", count)

    def hidden_by_band(self, name: str) -> probes.Rates:
        """False negatives by rank band."""

        def count(records: probes.Records) -> probes.Rates:
            drawn = records.read(["rank", "hidden"])
            return probes.hidden_by_band(drawn["rank"], drawn["hidden"])

        return self._ask(name, "hidden by band", count)

    def hidden_over_time(self, name: str) -> pd.DataFrame:
        """Share of false negatives in WINDOWS stretches of the steps, at the last step of each."""

        def count(records: probes.Records) -> pd.DataFrame:
            drawn = records.read(["step", "hidden"])
            edges = _windows(records.last)
            return series(edges[1:], probes.hidden_over_time(drawn["step"], drawn["hidden"], edges).share)

        return self._ask(name, "hidden over time", count)

    def staleness(self, name: str) -> pd.DataFrame:
        """Mean age of the ranking behind the negatives of each step."""

        def count(records: probes.Records) -> pd.DataFrame:
            drawn = records.read(["step", "index_step"])
            return series(*probes.staleness(drawn["step"], drawn["index_step"]))

        return self._ask(name, "staleness", count)

    def effective(self, name: str) -> pd.DataFrame:
        """Effective sample size of the draws in WINDOWS stretches of the steps."""

        def count(records: probes.Records) -> pd.DataFrame:
            drawn = records.read(["step", "probability"])
            edges = _windows(records.last)
            window = np.searchsorted(edges, drawn["step"], side="left") - 1
            sizes = probes.effective_candidates(drawn["probability"], window, len(edges) - 1)
            return series(edges[1:], sizes)

        return self._ask(name, "effective", count)

    def variety(self, name: str, n_docs: int) -> tuple[np.ndarray, probes.Repeats]:
        """How often each document was drawn (n_docs,), and repeats."""

        def count(records: probes.Records) -> tuple[np.ndarray, probes.Repeats]:
            drawn = records.read(["step", "query", "document"])
            counts = probes.draw_counts(drawn["document"], n_docs)
            return counts, probes.repeats(drawn["step"], drawn["query"], drawn["document"])

        return self._ask(name, "variety", count)

    def overlap(self, name: str) -> pd.DataFrame:
        """Share of the negatives since the snapshot before that stand among its top 100, at each snapshot."""
        return self._at_snapshots(name, "overlap", _overlap)

    def errors(self, name: str, total: bool) -> pd.DataFrame:
        """Mean pairwise errors at each snapshot: all of them, or at most `errors.K` a pair."""
        table = self._at_snapshots(name, "errors", _errors)
        if table.empty:
            return table
        return table.assign(value=[found.total if total else found.top for found in table["value"]])

    def courses(self, name: str) -> list[probes.Course]:
        """What became of the negatives drawn between refreshes, or between snapshots."""
        run = self._source.run(name)
        steps = run.snapshots()

        def follow(records: probes.Records) -> list[probes.Course]:
            spaces = [space for step in steps if (space := space_of(run, step)).finite]
            if len(spaces) < 2:
                return []
            drawn = records.read(["step", "query", "positive", "document"])
            first = spaces[0]
            inside = first.query_at(drawn["query"]) >= 0
            inside &= (first.document_at(drawn["positive"]) >= 0) & (
                first.document_at(drawn["document"]) >= 0
            )
            refreshed = [int(s) for s in run.refreshes()["index_step"]]
            edges = [0, *(refreshed if len(set(refreshed)) > 2 else steps), records.last]
            edges = probes.fewer_edges([e for e in edges if e <= records.last], GROUPS)
            groups = probes.groups(*(drawn[c] for c in drawn), edges, inside)
            return [course for group in groups if (course := probes.course(group, spaces)).size]

        return self._ask(name, f"courses {steps}", follow)

    def _at_snapshots(
        self, name: str, what: str, measure: Callable[[probes.Space, probes.Columns, probes.Columns], Any]
    ) -> pd.DataFrame:
        """`measure(space, drawn since the snapshot before, all pairs)` at each snapshot, as step and value."""
        run = self._source.run(name)
        steps = run.snapshots()

        def look(records: probes.Records) -> pd.DataFrame:
            drawn = records.read(["step", "query", "positive", "document"])
            pairs = np.unique(np.stack([drawn["query"], drawn["positive"]]), axis=1)
            known = {"query": pairs[0], "positive": pairs[1]}
            found = {}
            for before, step in itertools.pairwise([-1, *steps]):
                rows = (drawn["step"] > before) & (drawn["step"] <= step)
                space = space_of(run, step)
                if space.finite:
                    found[step] = measure(space.fewer(), {k: v[rows] for k, v in drawn.items()}, known)
            value = {step: v for step, v in found.items() if v is not None}
            return series(np.array(list(value), int), list(value.values()))

        return self._ask(name, f"{what} {steps}", look)

    def _ask(self, name: str, what: str, compute: Callable[[probes.Records], T]) -> T:
        """`compute(records)`, or its earlier result if the records have not changed since."""
        records = self.records(name)
        key = (str(self._source.folder), name, what)
        with _lock:
            kept = _kept.get(key)
        if kept is None or kept[0] != records:
            kept = (records, compute(records))
            with _lock:
                if len(_kept) >= MOST_KEPT:
                    _kept.clear()
                _kept[key] = kept
        return kept[1]


def series(step: np.ndarray, value: Sequence[Any] | np.ndarray) -> pd.DataFrame:
    """A table that `charts.curves` draws against steps; values that are not numbers are left out."""
    table = pd.DataFrame({"step": np.asarray(step, np.int64), "value": value})
    table = table.assign(seconds=np.nan, examples=np.nan)
    return table[table["value"].notna()]


def gather(names: Sequence[str], table: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """The tables of several runs under one another with a column run; what cannot be read is left out."""
    parts = []
    for name in names:
        try:
            found = table(name)
        except StoreError:  # told by the page's notes
            continue
        if len(found):
            parts.append(found.assign(run=name))
    columns = ["run", "step", "value", "seconds", "examples"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def nice_edges(low: float, high: float, bins: int = BINS) -> np.ndarray:
    """Edges at multiples of 1, 2 or 5 times a power of ten from `low` to `high`, at most about `bins` bins; 0 among them.

    >>> nice_edges(-1.03, 0.9, 10).round(3).tolist()
    [-1.2, -1.0, -0.8, -0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    low, high = min(low, 0.0), max(high, 0.0)
    spread = (high - low) or 1.0
    power = 10.0 ** np.floor(np.log10(spread / bins))
    width = next(power * n for n in (1, 2, 5, 10) if spread / (power * n) <= bins)
    return width * np.arange(np.floor(low / width), np.ceil(high / width) + 1 + (high == low == 0))


def space_of(run: Run, step: int) -> probes.Space:
    """A snapshot of a run as a space."""
    info = run.info
    n_docs = int((info.get("dataset") or {}).get("docs") or 0)
    arrays = run.embeddings(step)
    return probes.Space.of(
        step, arrays, float(info.get("scale") or 1.0), max(n_docs, len(arrays["document_rows"]))
    )


def _windows(last: int) -> np.ndarray:
    return np.unique(np.linspace(0, last, min(WINDOWS, max(last, 1)) + 1).round().astype(int))


def _overview(records: probes.Records) -> Overview:
    drawn = records.read(["score", "positive_score", "hidden"])
    gap = drawn["score"] - drawn["positive_score"]
    gap = gap[np.isfinite(gap)]
    hidden = int(drawn["hidden"].sum())
    if not len(gap):
        return Overview(len(drawn["hidden"]), hidden, float("nan"), 0.0, 0.0, float("nan"))
    low, median, high = np.quantile(gap, [0.002, 0.5, 0.998])
    return Overview(
        len(drawn["hidden"]), hidden, float((gap > 0).mean()), float(low), float(high), float(median)
    )


def _overlap(space: probes.Space, drawn: probes.Columns, pairs: probes.Columns) -> float | None:
    found = probes.in_top(space, drawn["query"], drawn["document"], (pairs["query"], pairs["positive"]))
    known = np.isfinite(found)
    return float(found[known].mean()) if known.any() else None


def _errors(space: probes.Space, _: probes.Columns, pairs: probes.Columns) -> probes.PairwiseErrors | None:
    found = probes.pairwise_errors(space, pairs["query"], pairs["positive"])
    return found if found.pairs else None
