"""Reading a file of a run: whatever is wrong with it, a StoreError that says which file, what, and the remedy.

A run may come from a full disk, a broken mail or a stranger, so nothing about a file is taken for granted: not that
it is a file, nor its size, its depth, its types.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import AnceError, StoreError
from ..layers import is_deep

MOST_BYTES = 64 << 20  # of a JSON file; the largest of real runs have some kilobytes
MOST_LEVELS = 64  # of groups within groups, in JSON
MOST_SAID = 200  # characters of a library's message
COPY = "restore it from a copy"


def brief(error: BaseException | str) -> str:
    """A message on one line, without control characters, cut at MOST_SAID."""
    text = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MOST_SAID else f"{line[: MOST_SAID - 1]}…"


def damaged(path: Path, error: BaseException | str, remedy: str = COPY) -> StoreError:
    """The error that says so."""
    return StoreError(f"{path}: damaged, {brief(error)}: {remedy}")


@contextmanager
def reading(path: Path, remedy: str = COPY) -> Iterator[None]:
    """Whatever goes wrong inside the block is damage of the file at `path`; an AnceError passes as it is.

    Broad on purpose: what libraries raise on arbitrary bytes is not known beforehand (OSError, ValueError, KeyError,
    struct.error, Arrow's and safetensors' own, a RecursionError).
    """
    try:
        yield
    except AnceError:
        raise
    except Exception as error:
        raise damaged(path, error, remedy) from error


def check_file(path: Path, most: int | None = None) -> int:
    """The size of a regular file in bytes; OSError or ValueError for anything else, or more than `most`."""
    if not path.is_file():
        raise ValueError("a folder in place of a file" if path.is_dir() else "it is missing")
    size = path.stat().st_size
    if most is not None and size > most:
        raise ValueError(f"{size >> 20} MB, more than the {most >> 20} MB that such a file can have")
    return size


def parse_json(data: bytes | str) -> Any:
    """JSON of at most MOST_LEVELS levels; ValueError for what is none."""
    try:
        value = json.loads(data)
        if b"\\ud" in (data.lower() if isinstance(data, bytes) else data.lower().encode()):
            json.dumps(value, ensure_ascii=False).encode()  # half a character, which nothing could show
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except ValueError:  # JSON, UTF-8 and half characters
        raise ValueError("not valid JSON") from None
    if is_deep(value, MOST_LEVELS):
        raise ValueError(_TOO_DEEP)
    return value


_TOO_DEEP = f"nested more than {MOST_LEVELS} levels deep"


def read_json(path: Path, remedy: str = COPY) -> dict[str, Any]:
    """The group in a JSON file. StoreError when it is none, or its text is no UTF-8."""
    with reading(path, remedy):
        check_file(path, MOST_BYTES)
        value = parse_json(path.read_bytes())
        if not isinstance(value, dict):
            raise ValueError(f"a {type(value).__name__} and not a group")
        return value


def is_number(value: Any) -> bool:
    """Whether a value from JSON is a number that float64 can hold; NaN is, infinities are not."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and not abs(value) > 1.7976931348623157e308
    )
