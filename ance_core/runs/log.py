"""`log.sqlite`: scalars, values of single queries, events, refreshes, the heartbeat and the control rows of a run.

In WAL mode while it is written, so readers never wait for the writer nor it for them; a plain single file
once the run has ended, so it opens from a zip, a mail, or a read-only disk. The file is only ever opened
through SQLite: closing any other handle on it would drop this process's locks.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from ..errors import StoreError
from . import evaluations
from .files import writing
from .reading import brief, damaged
from .status import Writer

LOG = "log.sqlite"
SCALAR_COLUMNS = ("step", "name", "value", "seconds", "examples")
EVENT_COLUMNS = ("time", "step", "kind", "message")
REFRESH_COLUMNS = (
    "step", "index_step", "active_step", "seconds_encode", "seconds_index", "seconds_search",
    "seconds_total", "jaccard", "queries",
)  # fmt: skip
# One value per (step, name), one refresh per (step, index_step): repeating a step after a resume replaces it.
SCHEMA = """
CREATE TABLE scalars (
    step INTEGER NOT NULL, name TEXT NOT NULL, value REAL, seconds REAL, examples INTEGER,
    PRIMARY KEY (step, name) ON CONFLICT REPLACE) WITHOUT ROWID;
CREATE TABLE events (time REAL NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE refreshes (
    step INTEGER NOT NULL, index_step INTEGER, active_step INTEGER, seconds_encode REAL, seconds_index REAL,
    seconds_search REAL, seconds_total REAL, jaccard REAL, queries INTEGER,
    UNIQUE (step, index_step) ON CONFLICT REPLACE);
CREATE TABLE heartbeat (
    id INTEGER PRIMARY KEY CHECK (id = 1), pid INTEGER, started REAL, host TEXT, step INTEGER, steps INTEGER,
    state TEXT, time REAL, message TEXT, revision INTEGER);
CREATE TABLE control (
    id INTEGER PRIMARY KEY, command TEXT NOT NULL, value INTEGER NOT NULL, created REAL NOT NULL,
    handled REAL);
CREATE INDEX unhandled ON control (id) WHERE handled IS NULL;
INSERT INTO heartbeat VALUES (1, 0, 0, '', 0, 0, 'waiting', 0, '', 0);
"""
_BUSY_S = 10.0
_PASSING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL)
T = TypeVar("T")


def create(path: Path, writer: Writer, steps: int = 0) -> None:
    """Make an empty log at `path` that `writer` has claimed; `steps`: planned in all."""
    with writing(path), closing(sqlite3.connect(path)) as connection:
        tables = "; ".join(evaluations.TABLES)
        connection.executescript(f"PRAGMA journal_mode = WAL; BEGIN; {SCHEMA} {tables}; COMMIT;")
        claim(connection, writer)
        connection.execute("UPDATE heartbeat SET steps = ?", (steps,))
        connection.commit()


def claim(connection: sqlite3.Connection, writer: Writer) -> None:
    """Put `writer` into the heartbeat row, inside a transaction of the caller."""
    row = (writer.pid, writer.started, writer.host, time.time())
    connection.execute(
        "UPDATE heartbeat SET pid = ?, started = ?, host = ?, time = ?, state = 'waiting', message = ''", row
    )


class Heartbeat(NamedTuple):
    """The heartbeat row. `time`: of the last beat, unix seconds."""

    writer: Writer
    step: int
    steps: int
    state: str
    time: float
    message: str
    revision: int


def heartbeat(connection: sqlite3.Connection) -> Heartbeat:
    """What the run said of itself last. TypeError or ValueError for a row that cannot be."""
    columns = "pid, started, host, step, steps, state, time, message, revision"
    row = connection.execute(f"SELECT {columns} FROM heartbeat").fetchone()
    if row is None:
        raise ValueError("its heartbeat has no row")
    pid, started, host, step, steps, state, beat, message, revision = row
    if not all(isinstance(value, str) for value in (host, state, message)):
        raise TypeError("its heartbeat has numbers in place of texts")
    numbers = (pid, step, steps, revision)
    if not all(isinstance(value, int) and 0 <= value < 1 << 53 for value in numbers):
        raise TypeError("its heartbeat has no whole numbers where there should be")
    if not all(isinstance(value, int | float) and 0 <= value < 1e11 for value in (started, beat)):
        raise TypeError("its heartbeat has no times where there should be")
    return Heartbeat(Writer(pid, float(started), host), step, steps, state, float(beat), message, revision)


def connect(path: Path, wal: bool = False) -> sqlite3.Connection:
    """Open an existing log for writing; `wal`: as the run's writer. Transactions are explicit.

    Safe to hand between threads as long as one uses it at a time.
    """
    with writing(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=_BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA trusted_schema = OFF")
        if wal:
            _enter_wal(connection)
            connection.execute("PRAGMA synchronous = NORMAL")  # synced at each WAL checkpoint: `sync_log`
        return connection


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Back to WAL for a run that had ended; a reader at that moment makes it fail, whatever the timeout."""
    until = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All of the block or nothing; failures of the disk become StoreError."""
    with writing(path):
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # a full disk may have rolled back already
                connection.execute("ROLLBACK")
            raise


def sync_log(connection: sqlite3.Connection, path: Path) -> None:
    """Put all committed rows on the disk, so they outlive a power cut as well as a killed process."""
    with writing(path):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def seal(connection: sqlite3.Connection) -> None:
    """Fold the WAL into the one file. A reader at work right now prevents it, and loses nothing by that."""
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA busy_timeout = 1000")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")


def read(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    """`work(connection)` on one consistent state of the log, while another process may be writing it.

    Connections are short-lived: nothing to share between threads, and no lock outlives a page of the app.
    Raises StoreError when the log is gone or damaged, also where `work` meets values that cannot be.
    """
    if path.is_dir():  # SQLite would say of it what it says of a log that is busy
        raise damaged(path, "a folder in place of a file")
    for pause in (0.02, 0.1, 0.3, None):
        try:
            with _reader(path) as connection:
                connection.execute("BEGIN")
                return work(connection)
        except (
            TypeError,
            ValueError,
            OverflowError,
            RecursionError,
        ) as error:  # texts for numbers, no row at all
            raise damaged(path, error) from error
        except sqlite3.DatabaseError as error:
            if not path.exists():
                raise StoreError(
                    f"run '{path.parent.name}': {LOG} is gone: the run was deleted or moved"
                ) from None
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if pause is None or code not in _PASSING:
                raise StoreError(
                    f"{path}: cannot be read ({brief(error)}): restore it from a copy"
                ) from error
            time.sleep(pause)
    raise AssertionError("unreachable")


@contextmanager
def _reader(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        connection = _open_readonly(path)
    except sqlite3.OperationalError:
        if not path.exists() or _folder_writable(path.parent):
            raise
        with tempfile.TemporaryDirectory() as folder, closing(_open_copy(path, Path(folder))) as connection:
            yield connection
        return
    with closing(connection):
        yield connection


def _open_readonly(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S, isolation_level=None
    )
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("SELECT 1 FROM heartbeat").fetchone()  # opening is lazy: fail here, not in `work`
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _open_copy(path: Path, folder: Path) -> sqlite3.Connection:
    """On a read-only disk SQLite cannot make the shared-memory file a WAL needs: read a copy instead."""
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copyfile(source, folder / source.name)
    return sqlite3.connect(folder / path.name, isolation_level=None)


def _folder_writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def copy(path: Path, target: Path) -> None:
    """A consistent copy of a log that may be being written, as one file that nobody is writing."""

    def backup(source: sqlite3.Connection) -> None:
        source.execute("COMMIT")  # the backup takes its own lock
        with writing(target), closing(sqlite3.connect(target)) as connection:
            source.backup(connection)

    read(path, backup)
    disown(target)


def disown(path: Path) -> None:
    """Make a copied log one plain file that no process writes, whatever the original's writer does."""
    with closing(connect(path)) as connection:
        with transaction(connection, path):
            connection.execute("UPDATE heartbeat SET pid = 0, started = 0, host = ''")
        seal(connection)
