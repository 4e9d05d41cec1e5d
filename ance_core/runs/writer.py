"""The training side of a run: everything a training records goes through one RunWriter.

    with store.create_run("ance-0", config) as run:
        run.scalars(1, {"loss": 0.7}, seconds=0.02, examples=32)
        run.finish("finished", {"dev": {"RR@10": 0.5}})

Rows wait in memory for at most half a second of calls and reach the log in one transaction. What belongs to a
step is recorded before the checkpoint of that step, so that `truncate_after(step)` can undo the rest.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..errors import StoreError, nearest
from . import evaluations, explained, log, negatives, probes, snapshots
from .files import atomic_file, atomic_folder, remove, sweep, write_json_atomic, writing
from .status import ACTIVE, FINAL, Writer
from .wear import POOLS

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)
CHECKPOINTS = "checkpoints"
MODEL = "model"
RESULTS = "results.json"
TRAINING = "training"  # the one key in it that is no split: seconds, steps, examples
PER_QUERY = "per_query.parquet"
FLUSH_S = 0.5
FLUSH_NEGATIVES = 50_000  # rows, some 3 MB: bounds memory where checkpoints are rare

_INSERT_SCALAR = "INSERT INTO scalars VALUES (?, ?, ?, ?, ?)"
_INSERT_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?)"
_INSERT_REFRESH = f"INSERT INTO refreshes VALUES ({', '.join('?' * len(log.REFRESH_COLUMNS))})"
_BEAT = "UPDATE heartbeat SET step = ?, steps = ?, state = ?, time = ?, message = ?, revision = revision + ?"


class RunWriter:
    """Records one run. Made by `Store.create_run` and `Store.resume_run`; one at a time for each run.

    Every method may raise StoreError when the disk refuses; nothing recorded is lost by that: after space was
    made, the next flush writes it. Leaving the `with` block by an exception marks the run as failed.
    """

    def __init__(self, folder: Path, steps: int = 0, claimed: bool = False) -> None:
        self.folder = folder
        self.name = folder.name
        self._path = folder / log.LOG
        self._lock = threading.RLock()
        self._closed = False
        self._rows: dict[str, list[tuple[Any, ...]]] = {
            _INSERT_SCALAR: [],
            _INSERT_EVENT: [],
            _INSERT_REFRESH: [],
        }
        self.queries = evaluations.Recorder(self._rows, self._lock, self.flush)  # what single queries score
        self._negatives = negatives.Buffer()
        self._changed = 0  # something besides the log's rows is new for readers
        self._flushed = time.monotonic()
        self._beat: tuple[int, int, str, str] = (0, steps, "waiting", "")  # step, steps, state, message
        self._connection = log.connect(self._path, wal=True)
        try:
            if not claimed:
                self._claim()
            for place in ("", negatives.FOLDER, snapshots.FOLDER, CHECKPOINTS, POOLS, probes.FOLDER):
                sweep(folder / place)
        except BaseException:
            self._connection.close()
            raise

    def _claim(self) -> None:
        """Become the run's only writer: look and take in one transaction."""
        with log.transaction(self._connection, self._path):
            row = self._connection.execute(
                "SELECT state, pid, started, host, time, step FROM heartbeat"
            ).fetchone()
            state, pid, started, host, beat, step = row
            if state in ACTIVE and Writer(pid, started, host).alive(beat):
                raise StoreError(
                    f"run '{self.name}': process {pid} on {host} is writing it: stop that one first, "
                    "or choose another --name"
                )
            self._beat = (step, *self._beat[1:])
            log.claim(self._connection, Writer.this())
            # Commands to a process that is no more are not for this one.
            self._connection.execute("UPDATE control SET handled = ? WHERE handled IS NULL", (time.time(),))
            for table in evaluations.TABLES:  # logs of older runs lack them
                self._connection.execute(table)

    # -- what happens at every step ------------------------------------------------------------------------

    def scalars(self, step: int, values: Mapping[str, float], seconds: float, examples: int) -> None:
        """Record named numbers of a step; `seconds` (training) and `examples` (queries) are totals so far."""
        rows = [
            (int(step), name, float(value), float(seconds), int(examples)) for name, value in values.items()
        ]
        with self._lock:
            self._rows[_INSERT_SCALAR] += rows
            self._flush_if_due()

    def negatives(self, records: Mapping[str, np.ndarray | Any]) -> None:
        """Record drawn negatives: `negatives.COLUMNS`, as (n,) arrays or one value for all."""
        with self._lock:
            self._negatives.append(records)
            if self._negatives.rows >= FLUSH_NEGATIVES:
                self.flush_negatives()

    def heartbeat(self, step: int, state: str, message: str = "", steps: int | None = None) -> None:
        """Say what the run is doing; a new state or message shows at once, a step within half a second."""
        if state not in (*ACTIVE, *FINAL):
            raise ValueError(f"state {state!r}{nearest(state, (*ACTIVE, *FINAL))}")
        with self._lock:
            news = (state, message) != self._beat[2:]
            self._beat = (int(step), self._beat[1] if steps is None else int(steps), state, message)
            self._flush_if_due(at_once=news)

    def poll_control(self) -> list[tuple[str, int]]:
        """The (command, value) rows sent since the last call, oldest first. Takes microseconds."""
        unhandled = "SELECT id, command, value FROM control WHERE handled IS NULL ORDER BY id"
        with self._lock, writing(self._path):
            rows = self._connection.execute(unhandled).fetchall()
            if rows:
                with log.transaction(self._connection, self._path):
                    marks = [(time.time(), row[0]) for row in rows]
                    self._connection.executemany("UPDATE control SET handled = ? WHERE id = ?", marks)
        return [(command, value) for _, command, value in rows]

    # -- what happens now and then -------------------------------------------------------------------------

    def event(self, step: int, kind: str, message: str) -> None:
        """Record something worth telling (one line); visible at once."""
        with self._lock:
            self._rows[_INSERT_EVENT].append((time.time(), int(step), kind, message))
            self.flush()

    def refresh(self, record: Mapping[str, float | int | None]) -> None:
        """Record a refresh; keys are `log.REFRESH_COLUMNS`, absent ones become missing values."""
        for key in record:
            if key not in log.REFRESH_COLUMNS:
                raise ValueError(f"refresh: no column {key!r}{nearest(key, log.REFRESH_COLUMNS)}")
        with self._lock:
            self._rows[_INSERT_REFRESH].append(tuple(_number(record.get(key)) for key in log.REFRESH_COLUMNS))
            self.flush()

    def snapshot(self, step: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Store arrays of a step (embeddings, row ids) for readers to map into memory; floats as float16."""
        snapshots.write(self.folder, step, arrays)
        self._announce()

    @contextmanager
    def checkpoint(self, step: int) -> Iterator[Path]:
        """Yield a folder that becomes `checkpoints/step-<n>` once all before it is safe on the disk."""
        self.flush_negatives(step)
        self.flush()
        with self._lock:
            log.sync_log(self._connection, self._path)
        with atomic_folder(snapshots.step_folder(self.folder / CHECKPOINTS, step)) as folder:
            yield folder
        self._announce()

    # -- reaching the disk ---------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write all waiting rows and the heartbeat in one transaction; on StoreError they go on waiting."""
        with self._lock:
            changed = bool(self._changed or any(self._rows.values()))
            step, steps, state, message = self._beat
            with log.transaction(self._connection, self._path):
                for statement, rows in self._rows.items():
                    if rows:
                        self._connection.executemany(statement, rows)
                self._connection.execute(_BEAT, (step, steps, state, time.time(), message, changed))
            for rows in self._rows.values():
                rows.clear()
            self._changed = 0
            self._flushed = time.monotonic()

    def flush_negatives(self, step: int | None = None) -> None:
        """Write waiting negatives of steps <= `step` (None: all) as a part; on StoreError they stay."""
        with self._lock:
            due, rest = self._negatives.split(step)
            if due is not None:
                negatives.write_part(self.folder, due)
                self._negatives.keep(rest)
                self._announce()

    def _flush_if_due(self, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self._flushed >= FLUSH_S:
            self.flush()

    def _announce(self) -> None:
        with self._lock:
            self._changed = 1
            self._flush_if_due()

    # -- resuming and ending -------------------------------------------------------------------------------

    def truncate_after(self, step: int) -> None:
        """Forget everything beyond `step`, as if the run had just reached it; events of kind 'resumed' stay.

        Interrupted anywhere, it can be repeated.
        """
        with self._lock:
            for rows in self._rows.values():
                rows.clear()
            self.queries.forget()
            self._negatives.keep(None)
            for name in (RESULTS, PER_QUERY, MODEL):
                if (self.folder / name).exists():
                    remove(self.folder / name)
            for parent in (CHECKPOINTS, snapshots.FOLDER):
                snapshots.truncate(self.folder / parent, step)
            negatives.truncate(self.folder, step)
            probes.truncate(self.folder, step)
            explained.truncate(self.folder, step)
            with log.transaction(self._connection, self._path):
                self._connection.execute("DELETE FROM scalars WHERE step > ?", (step,))
                self._connection.execute(evaluations.DELETE_AFTER, (step,))
                self._connection.execute("DELETE FROM refreshes WHERE step > ?", (step,))
                self._connection.execute("DELETE FROM events WHERE step > ? AND kind <> 'resumed'", (step,))
                self._connection.execute("UPDATE heartbeat SET step = ?, revision = revision + 1", (step,))
            self._beat = (step, *self._beat[1:])

    def finish(
        self,
        state: str = "finished",
        results: Mapping[str, Any] | None = None,
        per_query: pd.DataFrame | None = None,
        message: str = "",
    ) -> None:
        """End the run (finished, stopped or failed), write its results, and close.

        `results`: by split, {"dev": {"RR@10": 0.5}}; `per_query`: query_id, split, one column a measure.
        """
        if state not in FINAL:
            raise ValueError(f"state {state!r}{nearest(state, FINAL)}")
        with self._lock:
            self.flush_negatives()
            if per_query is not None:
                with atomic_file(self.folder / PER_QUERY) as temp:
                    per_query.to_parquet(temp, compression="zstd", index=False)
            if results is not None:
                write_json_atomic(self.folder / RESULTS, results)
            self._beat = (*self._beat[:2], state, message)
            self._changed = 1
            self.close()

    def close(self) -> None:
        """Write what waits and let go of the run; harmless when repeated.

        Without `finish` before, readers see the run as dead, and it can be resumed.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                try:
                    self.flush_negatives()
                finally:
                    self.flush()
                with log.transaction(self._connection, self._path):
                    self._connection.execute("UPDATE heartbeat SET pid = 0")
                log.seal(self._connection)
            finally:
                self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or self._closed:
            self.close()
            return
        state = "stopped" if isinstance(error, KeyboardInterrupt) else "failed"
        self._beat = (*self._beat[:2], state, " ".join(f"{type(error).__name__}: {error}".split()))
        try:
            self.close()
        except StoreError as second:  # the first error is the one to show
            logger.warning("run '%s' could not be marked as %s: %s", self.name, state, second)


def _number(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value  # SQLite would store numpy's as bytes
