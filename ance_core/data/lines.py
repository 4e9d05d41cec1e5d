"""Text lines of a file, plain or gzipped, with every way a line can be unreadable turned into a `Problem`.

A line is read with a bound, so a file that is one line of 100 MB costs no more memory than the bound. Lines end as
Python's own do, with LF, CRLF or CR alone: a CR that were kept would join two rows of a table.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from .problems import Problems

LINE_LIMIT = 16 * 2**20  # bytes; the longest line of the public collections is well under 1 MiB
_BOM = b"\xef\xbb\xbf"


def read_lines(
    path: Path, problems: Problems, *, blank: bool = False, limit: int = LINE_LIMIT
) -> Iterator[tuple[int, str]]:
    """(line number from 1, text without its line end) of every line, blank ones only if asked for.

    Lines over `limit` bytes, lines that are not UTF-8, damaged gzip streams and unreadable files are
    reported to `problems`; lines after a bad one are still read where that is possible.
    """
    number = 0
    try:
        with open_plain(path) as file:
            while raw := file.readline(limit + 1):
                number += 1
                if len(raw) > limit:
                    size = len(raw) + _skip_line(file, raw)
                    problems.error("long line", _long(path, number, size, limit))
                    continue
                if number == 1:
                    raw = raw.removeprefix(_BOM)
                try:
                    text = raw.decode("utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    problems.error("encoding", _not_utf8(path, number, error))
                    continue
                if "\r" not in text:
                    if blank or (text and not text.isspace()):
                        yield number, text
                    continue
                for piece in text.split("\r"):
                    if blank or (piece and not piece.isspace()):
                        yield number, piece
                    number += 1
                number -= 1
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        remedy = "pack it again with gzip, or unpack it"
        problems.error("gzip", f"{path}:{number + 1}: damaged gzip stream ({error}): {remedy}")
    except OSError as error:
        problems.error(
            "file", f"{path}: cannot be read ({error.strerror or error}): check the path and its permissions"
        )


def open_plain(path: Path) -> BinaryIO:
    """The file's bytes, unpacked where its name ends in `.gz`."""
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _skip_line(file: BinaryIO, raw: bytes) -> int:
    """Read on to the end of the line that began with `raw`; the bytes passed over."""
    skipped = 0
    while not raw.endswith(b"\n") and (raw := file.readline(2**20)):
        skipped += len(raw)
    return skipped


def _long(path: Path, number: int, size: int, limit: int) -> str:
    return (
        f"{path}:{number}: the line has {size / 2**20:.1f} MiB, the limit is {limit / 2**20:g} MiB: "
        "split the passage, or check that lines end with a newline"
    )


def _not_utf8(path: Path, number: int, error: UnicodeDecodeError) -> str:
    byte = error.object[error.start]
    return f"{path}:{number}: byte {error.start + 1} (0x{byte:02x}) is not UTF-8: save the file as UTF-8"
