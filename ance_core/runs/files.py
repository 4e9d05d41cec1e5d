"""Files that appear whole or not at all, and what to say when they cannot.

Everything is written beside its destination under a name that starts with `.tmp-`, flushed to the disk,
then renamed. Readers, globs and pyarrow datasets skip dotted names, so nobody meets half a file; what a
killed process leaves behind is removed by `sweep`.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import StoreError

TEMPORARY = ".tmp-"
LEFTOVERS = (
    TEMPORARY,
    ".model-",
)  # what a killed process may leave: ours, and the encoders' half-written models
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}


def temporary(path: Path) -> Path:
    """A fresh name beside `path` that every reader skips."""
    return path.with_name(f"{TEMPORARY}{path.name}-{secrets.token_hex(4)}")


def write_error(path: Path, error: OSError | sqlite3.Error) -> StoreError:
    """The one-line error for a write that failed, with a remedy that fits the cause."""
    number = getattr(error, "errno", None)
    code = getattr(error, "sqlite_errorcode", None)
    reason = getattr(error, "strerror", None) or str(error)
    if number in _FULL or code == sqlite3.SQLITE_FULL:
        remedy = "free some disk space, or choose another folder with --runs"
    elif number in _DENIED or code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        remedy = "choose a folder you may write to with --runs"
    else:  # an I/O error of SQLite does not say whether the disk is full or broken
        remedy = "check the disk's free space and permissions, or choose another folder with --runs"
    return StoreError(f"{path}: cannot be written ({reason}): {remedy}")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn any failure of the file system or of SQLite inside the block into a StoreError about `path`."""
    try:
        yield
    except sqlite3.ProgrammingError:  # a mistake in the calling code, such as writing after `close`
        raise
    except (OSError, sqlite3.Error) as error:
        raise write_error(path, error) from error


def make_folder(path: Path) -> None:
    """`mkdir -p`; StoreError if the place cannot be written."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


def sync(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    if os.name != "posix" and path.is_dir():
        return  # Windows has no handles on folders; renames are durable there by journal
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; it becomes `path` when the block ends well, else it is removed."""
    temp = temporary(path)
    with writing(path):
        try:
            yield temp
            sync(temp)
            os.replace(temp, path)
            sync(path.parent)
        except BaseException:
            temp.unlink(missing_ok=True)
            raise


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder to fill; it becomes `path`, replacing an older one, when the block ends well.

    Raises StoreError when the disk is full or the place not writable; other errors of the block pass.
    """
    temp = temporary(path)
    make_folder(temp)
    try:
        yield temp
        with writing(path):
            _sync_tree(temp)
            _put_in_place(temp, path)
    except OSError as error:
        if error.errno is None or error.errno in _FULL | _DENIED:  # numpy reports a short write without errno
            raise write_error(path, error) from error
        raise
    finally:
        shutil.rmtree(temp, ignore_errors=True)  # gone already after a rename


def _sync_tree(folder: Path) -> None:
    for parent, _, names in os.walk(folder):
        for name in names:
            sync(Path(parent, name))
        sync(Path(parent))


def _put_in_place(temp: Path, path: Path) -> None:
    if path.exists():  # a folder cannot be renamed over a full one
        remove(path)
    os.rename(temp, path)
    sync(path.parent)


def remove(path: Path) -> None:
    """Delete a file or folder; a folder leaves its name at once, by rename, and its contents after that."""
    with writing(path):
        if not path.is_dir() or path.is_symlink():
            path.unlink(missing_ok=True)
            return
        trash = temporary(path)
        os.rename(path, trash)
        shutil.rmtree(trash)


def sweep(folder: Path, older_than: float = 0.0) -> None:
    """Remove what killed writers left directly in `folder`, if older than so many seconds."""
    if not folder.is_dir():
        return
    for entry in [path for path in folder.iterdir() if path.name.startswith(LEFTOVERS)]:
        try:
            if time.time() - entry.lstat().st_mtime < older_than:
                continue
        except FileNotFoundError:
            continue
        remove(entry)


def write_json_atomic(path: Path, value: Any) -> None:
    """Write `value` as JSON that any reader accepts: non-finite numbers become null, numpy scalars plain."""
    text = json.dumps(_plain(value), indent=2, allow_nan=False, ensure_ascii=False)
    with atomic_file(path) as temp:
        temp.write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):  # numpy scalars, one-element arrays and tensors
        value = value.item()
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return str(value) if isinstance(value, Path) else value
