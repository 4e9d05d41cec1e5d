"""Binary files looked at from outside: whether beginning, end and length of a file are those of its format.

Reads some bytes a file, so that thousands can be looked at in a second. What is said: ValueError or OSError.
"""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .reading import MOST_BYTES, check_file

_MAGIC = b"PAR1"


def check_parquet(path: Path) -> None:
    """Whether a file begins and ends as parquet does, with a footer that has room in it."""
    size = check_file(path)
    if size < 12:
        raise ValueError("empty" if not size else f"cut off after {size} bytes")
    with open(path, "rb") as file:
        first = file.read(4)
        file.seek(-8, io.SEEK_END)
        last = file.read(8)
    if first != _MAGIC:
        raise ValueError("not parquet")
    if last[4:] != _MAGIC or int.from_bytes(last[:4], "little") > size - 12:
        raise ValueError("cut off: it does not end as parquet does")


class Layout(NamedTuple):
    """Of the numbers in a `.npy` file. by_columns: in Fortran's order; begin: in bytes."""

    shape: tuple[int, ...]
    by_columns: bool
    dtype: np.dtype[Any]
    begin: int


def npy_header(path: Path) -> Layout:
    """How the numbers of a `.npy` file lie, all of which are there."""
    size = check_file(path)
    if not size:
        raise ValueError("empty")
    with open(path, "rb") as file:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"an unknown version of .npy, {version[0]}.{version[1]}")
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        try:
            shape, by_columns, dtype = read(file)
        except Exception:  # it is read as Python source, so a tokenizer's and a parser's errors too
            raise ValueError("a header that no .npy file has") from None
        begin = file.tell()
    if dtype.hasobject or dtype.kind not in "fiub":
        raise ValueError(f"numbers of a kind that no snapshot has ({dtype})")
    wanted = begin + math.prod(shape) * dtype.itemsize
    if size != wanted:
        raise ValueError(f"{size} bytes, its header promises {wanted}")
    return Layout(shape, by_columns, dtype, begin)


def npy_mapped(path: Path) -> np.ndarray:
    """The numbers of a `.npy` file, mapped read-only."""
    shape, by_columns, dtype, begin = npy_header(path)
    if not math.prod(shape):
        return np.empty(shape, dtype)  # there is nothing to map
    return np.memmap(path, dtype=dtype, mode="r", offset=begin, shape=shape, order="F" if by_columns else "C")


def check_safetensors(path: Path) -> None:
    """Whether a file is as long as the header of its tensors promises."""
    size = check_file(path)
    if size < 8:
        raise ValueError("empty" if not size else f"cut off after {size} bytes")
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(size - 8, MOST_BYTES):
            raise ValueError("not safetensors, or cut off within its header")
        header = json.loads(file.read(length))
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    if size != 8 + length + max(ends, default=0):
        raise ValueError(f"{size} bytes, its header promises {8 + length + max(ends, default=0)}")


def check_json_text(path: Path) -> None:
    """Whether a large JSON file begins and ends as a group does; what is between is not looked at."""
    size = check_file(path)
    with open(path, "rb") as file:
        first = file.read(64).lstrip()[:1]
        file.seek(-min(size, 64), io.SEEK_END)
        last = file.read().rstrip()[-1:]
    if (first, last) != (b"{", b"}"):
        raise ValueError("empty" if not size else "cut off, or not JSON")
