"""What every query scored: at each evaluation of a run, and under the rankers that its curves are seen against.

A mean has no interval, the values behind it have one. They lie in three tables of the log: `evaluations`, a row a step,
split and measure; `reference_levels`, a row a reference, split and measure; `queries`, whose values these are. Values
are float32 and compressed: a few hundred bytes for 300 queries. Logs of older runs lack the tables, or their rows.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Part = Literal["sample", "whole"]
"""Which queries of a split: the fixed sample that is evaluated while training, or all that have a label."""

TABLES = (
    "CREATE TABLE IF NOT EXISTS evaluations (step INTEGER NOT NULL, split TEXT NOT NULL, measure TEXT NOT NULL, "
    "per_query BLOB NOT NULL, PRIMARY KEY (step, split, measure) ON CONFLICT REPLACE) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS reference_levels (reference TEXT NOT NULL, split TEXT NOT NULL, measure TEXT NOT NULL, "
    "mean REAL NOT NULL, sample_mean REAL, per_query BLOB NOT NULL, "
    "PRIMARY KEY (reference, split, measure) ON CONFLICT REPLACE) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS queries (split TEXT NOT NULL, part TEXT NOT NULL, ids BLOB NOT NULL, "
    "PRIMARY KEY (split, part) ON CONFLICT REPLACE) WITHOUT ROWID",
)
_INSERT_EVALUATION = "INSERT INTO evaluations VALUES (?, ?, ?, ?)"
_INSERT_REFERENCE = "INSERT INTO reference_levels VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_QUERIES = "INSERT INTO queries VALUES (?, ?, ?)"
DELETE_AFTER = "DELETE FROM evaluations WHERE step > ?"


@dataclass(frozen=True, eq=False)
class PerQuery:
    """One measure of a split's sample while a run trained. steps: (T,) ascending. values: (T, Q) float32.

    queries: the Q query ids, the columns of `values`. Without any row for runs that did not record it.
    """

    queries: tuple[str, ...]
    steps: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.steps)


class ReferenceLevel(NamedTuple):
    """What a reference scores on a split: its mean over all queries, and over the fixed sample, None without one."""

    reference: str
    split: str
    measure: str
    mean: float
    sample_mean: float | None


def pack(values: np.ndarray) -> bytes:
    """(Q,) numbers as they lie in the log.

    >>> unpack(pack(np.array([0.5, 1.0]))).tolist()
    [0.5, 1.0]
    """
    return zlib.compress(np.asarray(values, "<f4").tobytes(), 1)


def unpack(packed: bytes) -> np.ndarray:
    """The (Q,) float32 that `pack` was given."""
    return np.frombuffer(zlib.decompress(packed), "<f4")


class Recorder:
    """Puts rows among those that a run's writer holds back. rows: by statement; flush: writes all that wait."""

    def __init__(
        self, rows: dict[str, list[tuple[Any, ...]]], lock: RLock, flush: Callable[[], None]
    ) -> None:
        self._rows, self._lock, self._flush = rows, lock, flush
        self._named: set[tuple[str, Part]] = set()  # whose ids have been recorded
        for statement in (_INSERT_EVALUATION, _INSERT_REFERENCE, _INSERT_QUERIES):
            rows[statement] = []

    def evaluation(self, step: int, split: str, ids: Sequence[str], values: Mapping[str, np.ndarray]) -> None:
        """Record, by measure, what each query of a split's sample scored: (Q,) in the order of their ids."""
        with self._lock:
            self._name(split, "sample", ids)
            self._rows[_INSERT_EVALUATION] += [
                (int(step), split, measure, pack(scores)) for measure, scores in values.items()
            ]

    def reference(
        self, reference: str, tables: Mapping[str, pd.DataFrame], samples: Mapping[str, Sequence[str]]
    ) -> None:
        """Record what every query scores under another ranker; visible at once.

        tables: by split, a row a query id, a column a measure. samples: by split, the ids of its sample.
        """
        with self._lock:
            for split, table in tables.items():
                self._name(split, "whole", list(table.index))
                sample = table.loc[list(samples[split])] if split in samples else None
                for measure, scores in table.items():
                    sampled = None if sample is None else float(sample[measure].mean())
                    row = (reference, split, measure, float(scores.mean()), sampled, pack(scores.to_numpy()))
                    self._rows[_INSERT_REFERENCE].append(row)
            self._flush()

    def forget(self) -> None:
        """Record ids anew: rows that waited were dropped, theirs perhaps among them."""
        self._named.clear()

    def _name(self, split: str, part: Part, ids: Sequence[str]) -> None:
        if (split, part) not in self._named:
            self._named.add((split, part))
            packed = zlib.compress(json.dumps(list(ids), ensure_ascii=False).encode(), 1)
            self._rows[_INSERT_QUERIES].append((split, part, packed))


def read_per_query(connection: sqlite3.Connection, split: str, measure: str) -> PerQuery:
    """See `Run.evaluations`."""
    if not _has(connection, "evaluations"):
        return PerQuery((), np.empty(0, np.int64), np.empty((0, 0), np.float32))
    rows = connection.execute(
        "SELECT step, per_query FROM evaluations WHERE split = ? AND measure = ? ORDER BY step",
        (split, measure),
    ).fetchall()
    ids = _ids(connection, split, "sample")
    values = np.stack([unpack(packed) for _, packed in rows]) if rows else np.empty((0, len(ids)), np.float32)
    return PerQuery(ids, np.array([step for step, _ in rows], np.int64), values)


def read_references(connection: sqlite3.Connection) -> list[ReferenceLevel]:
    """See `Run.references`."""
    if not _has(connection, "reference_levels"):
        return []
    rows = connection.execute(f"SELECT {', '.join(ReferenceLevel._fields)} FROM reference_levels")
    return [ReferenceLevel(*row) for row in rows]


def read_reference_tables(connection: sqlite3.Connection, reference: str) -> dict[str, pd.DataFrame]:
    """See `Run.reference_tables`."""
    import pandas as pd

    if not _has(connection, "reference_levels"):
        return {}
    query = "SELECT split, measure, per_query FROM reference_levels WHERE reference = ?"
    columns: dict[str, dict[str, np.ndarray]] = {}
    for split, measure, packed in connection.execute(query, (reference,)):
        columns.setdefault(split, {})[measure] = unpack(packed)
    return {
        split: pd.DataFrame(values, index=pd.Index(_ids(connection, split, "whole"), name="query_id"))
        for split, values in columns.items()
    }


def _ids(connection: sqlite3.Connection, split: str, part: Part) -> tuple[str, ...]:
    row = connection.execute("SELECT ids FROM queries WHERE split = ? AND part = ?", (split, part)).fetchone()
    return tuple(json.loads(zlib.decompress(row[0]))) if row else ()


def _has(connection: sqlite3.Connection, table: str) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None
