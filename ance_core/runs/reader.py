"""A run as its readers see it: frames and arrays from a folder that another process may be writing."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..errors import StoreError, nearest
from . import evaluations as per_query_values
from . import log, negatives, snapshots
from .evaluations import PerQuery, ReferenceLevel
from .headers import check_parquet
from .info import read_info, stored_name
from .reading import brief, damaged, is_number, read_json, reading
from .status import ACTIVE, RunStatus
from .wear import damage_of
from .writer import CHECKPOINTS, PER_QUERY, RESULTS, TRAINING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

COMMANDS = ("pause", "resume", "step", "stop")
RATE_STEPS = 50  # the rate is the mean over so many last steps
_TYPES = {
    "step": "int64",
    "examples": "int64",
    "name": "str",
    "kind": "str",
    "message": "str",
}  # others: float64
_RESULTS_REMEDY = "restore it from a copy, or measure again with `ance eval`"
T = TypeVar("T")


class Run:
    """Reads one run; cheap to make, holds no open file. Made by `Store.runs` and `Store.run`.

    Every method may raise StoreError when the run was deleted or is damaged.
    """

    def __init__(self, folder: Path, info: dict[str, Any] | None = None) -> None:
        self.folder = folder
        self.name = folder.name
        self.info = (
            read_info(folder) if info is None else info
        )  # run.json: config, seed, dataset, versions...

    def __repr__(self) -> str:
        return f"Run({self.name!r})"

    # -- the log -------------------------------------------------------------------------------------------

    def status(self) -> RunStatus:
        """What the run is doing now; state "dead" when its process has gone without saying goodbye."""

        def look(connection: sqlite3.Connection) -> tuple[log.Heartbeat, float]:
            return log.heartbeat(connection), _rate(connection)

        beat, rate = self._read(look)
        state = beat.state
        if state in ACTIVE and not (beat.writer.alive(beat.time) and self._is_original()):
            state = "dead"
        planned = beat.steps or self.info["config"].get("steps") or 0
        age = max(0.0, time.time() - beat.time)
        return RunStatus(state, beat.step, planned, rate, age, beat.message, beat.writer.pid)

    def _is_original(self) -> bool:
        """Whether the folder still has the run's name: a copy made by hand of a run at work has its heartbeat, too."""
        return stored_name(self.folder) in (self.name, None)

    def version(self) -> tuple[str, str, int]:
        """A token that changes whenever anything but the heartbeat does; while equal, nothing is new."""
        return self.name, str(self.info.get("id")), self._read(log.heartbeat).revision

    def stamp(self) -> tuple[int, int, int] | None:
        """A token of the log at rest, without opening it; None while a process writes it, or has died at that.

        While it is not None and stays equal, so does `version`, and a state that is final. StoreError for a missing log.
        """
        path = self.folder / log.LOG
        try:
            if path.with_name(f"{path.name}-wal").exists():  # folded into the log when a run ends
                return None
            found = path.stat()
        except OSError as error:
            raise StoreError(f"run '{self.name}': {log.LOG} cannot be read ({error.strerror})") from None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def scalars(self, names: Sequence[str] | None = None, after_step: int = -1) -> pd.DataFrame:
        """Tidy columns step, name, value, seconds (of training so far), examples; by step, then name.

        `names`: only these; `after_step`: only later steps, for readers that keep what they have.
        """
        where = "step > ?"
        values: list[Any] = [after_step]
        if names is not None:
            where += f" AND name IN ({', '.join('?' * len(names))})"
            values += names
        return self._frame("scalars", log.SCALAR_COLUMNS, f"WHERE {where} ORDER BY step, name", values)

    def evaluations(self, split: str, measure: str = "RR@10") -> PerQuery:
        """What each query of a split's fixed sample scored at each evaluation while training, one row a step.

        Its mean over queries is the scalar `<split>/<measure>`. Empty for runs that recorded the mean alone.
        """
        return self._read(lambda connection: per_query_values.read_per_query(connection, split, measure))

    def references(self) -> list[ReferenceLevel]:
        """Rankers that the run is seen against, a row a reference, split and measure.

        `bm25`, `untrained` (the encoder before any training), `start` (the weights it began with). Empty for runs that
        did not record them.
        """
        return self._read(per_query_values.read_references)

    def reference_tables(self, reference: str) -> dict[str, pd.DataFrame]:
        """By split, a reference's value of every query: a row a query id, a column a measure. Empty where unknown."""
        return self._read(lambda connection: per_query_values.read_reference_tables(connection, reference))

    def events(self) -> pd.DataFrame:
        """Columns time (unix s), step, kind, message, in the order they happened."""
        return self._frame("events", log.EVENT_COLUMNS, "ORDER BY rowid")

    def refreshes(self) -> pd.DataFrame:
        """One row a refresh: its steps, seconds by phase, Jaccard overlap with the negatives before."""
        return self._frame("refreshes", log.REFRESH_COLUMNS, "ORDER BY step, index_step")

    def control(self, command: str, value: int = 0) -> None:
        """Ask the training to pause, resume, take `value` steps and pause again (step), or stop.

        Raises StoreError for an unknown command, a run nobody is training, or a read-only folder.
        """
        if command not in COMMANDS:
            raise StoreError(f"command {command!r}{nearest(command, COMMANDS)}")
        status = self.status()
        if not status.active:
            raise StoreError(
                f"run '{self.name}': {status.state}, nothing is listening: --resume {self.name} first"
            )
        path = self.folder / log.LOG
        connection = log.connect(path)
        try:
            with log.transaction(connection, path):
                row = (command, int(value), time.time())
                connection.execute("INSERT INTO control (command, value, created) VALUES (?, ?, ?)", row)
        finally:
            connection.close()

    def damage(self) -> list[str]:
        """A line for each file of the run that cannot be used: which, what is wrong, what to do. A quick look, no more.

        Sizes, headers and ends of files are looked at, not all that is in them. Empty for a sound run, and for one at
        work that is between two files.
        """
        return damage_of(self)

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return log.read(self.folder / log.LOG, work)

    def _frame(
        self, table: str, columns: Sequence[str], rest: str, values: Sequence[Any] = ()
    ) -> pd.DataFrame:
        import pandas as pd

        query = f"SELECT {', '.join(columns)} FROM {table} {rest}"

        def look(connection: sqlite3.Connection) -> pd.DataFrame:
            rows = connection.execute(query, values).fetchall()
            by_column = zip(*rows, strict=True) if rows else [()] * len(columns)
            return pd.DataFrame(
                {
                    name: pd.Series(list(column), dtype=_TYPES.get(name, "float64"))
                    for name, column in zip(columns, by_column, strict=True)
                }
            )

        return self._read(look)

    # -- the files -----------------------------------------------------------------------------------------

    def negatives(
        self, filter: pc.Expression | list[Any] | None = None, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The provenance records, by step; columns are `negatives.COLUMNS`, source is categorical.

        `filter`: a pyarrow expression, or tuples such as [("step", ">", 100), ("hidden", "==", True)],
        applied while reading, so that a narrow question reads little.
        """
        import pyarrow.parquet as pq

        expression = pq.filters_to_expression(filter) if isinstance(filter, list) else filter
        for attempt in range(5):
            try:
                table = self.negatives_dataset().to_table(
                    columns=None if columns is None else list(columns), filter=expression
                )
                return _whole(table.to_pandas())
            except FileNotFoundError:  # a resume dropped parts after they were listed
                if attempt == 4:
                    raise StoreError(
                        f"run '{self.name}': its records keep vanishing: read it again later"
                    ) from None
            except Exception as error:  # Arrow's own, on arbitrary bytes
                raise StoreError(
                    f"{self.folder / negatives.FOLDER}: cannot be read ({brief(error)}): "
                    "check the filter's columns, or restore the part from a copy"
                ) from error
        raise AssertionError("unreachable")

    def negatives_dataset(self) -> ds.Dataset:
        """The same records as a pyarrow dataset, for questions larger than memory."""
        return negatives.dataset(self.folder)

    def snapshots(self) -> list[int]:
        """The steps that have a snapshot, ascending."""
        return list(snapshots.step_folders(self.folder / snapshots.FOLDER))

    def snapshot(self, step: int) -> dict[str, np.ndarray]:
        """The arrays of a snapshot, mapped into memory: embeddings as float16, row ids as integers."""
        data = self.info.get("dataset") or {}
        return snapshots.read(self.folder, step, documents=data.get("docs"))

    def embeddings(self, step: int) -> dict[str, np.ndarray]:
        """A snapshot with `queries`, `documents`, `query_rows` and `document_rows` in it; StoreError where one is gone."""
        arrays = self.snapshot(step)
        if lacking := [name for name in snapshots.EMBEDDINGS if name not in arrays]:
            folder = snapshots.step_folder(self.folder / snapshots.FOLDER, step)
            raise damaged(folder, f"no {', '.join(lacking)} in it", snapshots.REMEDY)
        return arrays

    def checkpoints(self) -> dict[int, Path]:
        """The finished checkpoints: step -> folder, ascending."""
        return snapshots.step_folders(self.folder / CHECKPOINTS)

    def results(self) -> dict[str, Any]:
        """Final measures by split, {"dev": {"RR@10": 0.5}, ...}, and facts on the "training"; empty until finished."""
        path = self.folder / RESULTS
        if not os.path.lexists(path):
            return {}
        found = read_json(path, _RESULTS_REMEDY)
        for name, values in found.items():
            if not isinstance(values, dict):
                raise damaged(path, f"{name}: a {type(values).__name__} and not a group", _RESULTS_REMEDY)
            for key, value in values.items():
                if value is not None and not is_number(value):
                    raise damaged(path, f"{name}.{key}: {value!r:.60} is not a number", _RESULTS_REMEDY)
        return found

    def measures(self) -> dict[str, dict[str, float]]:
        """The part of `results` that has been measured: by split, test among them; empty until finished."""
        return {name: values for name, values in self.results().items() if name != TRAINING}

    def per_query(self) -> pd.DataFrame:
        """Columns query_id, split and one a measure; empty until the run has finished."""
        import pandas as pd

        path = self.folder / PER_QUERY
        if not os.path.lexists(path):
            return pd.DataFrame({"query_id": pd.Series(dtype="str"), "split": pd.Series(dtype="str")})
        with reading(path):
            check_parquet(path)
            frame = pd.read_parquet(path)
            for name in ("query_id", "split"):
                if name not in frame:
                    raise ValueError(f"no column '{name}'")
                frame[name] = frame[name].astype("str")
            for name in frame.columns.difference(["query_id", "split"]):
                if not pd.api.types.is_numeric_dtype(frame[name]):
                    raise ValueError(f"column '{name}' holds no numbers")
            return frame


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns that older runs do not have come as empty; a flag that nobody recorded is not set."""
    for name in frame.columns:
        kind, absent = negatives.COLUMNS[name]
        if kind == "bool" and frame[name].dtype != bool:
            frame[name] = frame[name].eq(True) if absent is False else frame[name]
    return frame


def _rate(connection: sqlite3.Connection) -> float:
    """Steps per training second over the last RATE_STEPS steps; 0 while unknown."""
    last = connection.execute("SELECT step, seconds FROM scalars ORDER BY step DESC LIMIT 1").fetchone()
    if last is None or last[1] is None:
        return 0.0
    since = "SELECT step, seconds FROM scalars WHERE step >= ? ORDER BY step LIMIT 1"
    first = connection.execute(since, (last[0] - RATE_STEPS,)).fetchone()
    steps, seconds = last[0] - first[0], last[1] - (first[1] or 0.0)
    return steps / seconds if seconds > 0 else 0.0
