"""Where derived data (tokens, the built `pydocs`) is kept, and how no half-written folder gets there."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..errors import DataError


def cache_dir() -> Path:
    """$ANCE_CACHE, or `ance` in the platform's cache folder of the user. Not created here."""
    if chosen := os.environ.get("ANCE_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "ance"


def cached_folder(target: Path, build: Callable[[Path], None]) -> Path:
    """`target`, built by `build(temporary folder)` if absent and put in place by one rename.

    Two processes may build at once: the first rename wins and the other copy is dropped, so `build` must be
    deterministic. DataError if the cache cannot be written.
    """
    if target.is_dir():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise _unwritable(target, error) from None
    try:
        build(temporary)
        temporary.chmod(0o755)  # mkdtemp's 0700 would hide a shared cache from its other users
        temporary.rename(target)
    except OSError as error:
        if not target.is_dir():
            raise _unwritable(target, error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _unwritable(target: Path, error: OSError) -> DataError:
    reason = error.strerror or str(error)
    return DataError(
        f"cache folder {target.parent}: cannot be written ({reason}): free space or set ANCE_CACHE elsewhere"
    )
