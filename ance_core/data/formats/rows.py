"""Rows of a table in any form it may be stored in: JSON lines, JSON, CSV, TSV, Parquet, Arrow.

A row is a dict by column. Its number is the line it stands on, or, in files without lines, its place from 1.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...errors import nearest
from ..lines import open_plain, read_lines
from ..problems import Problems, shown
from .objects import no_duplicates, read_objects, refuse_lone_surrogates

Row = tuple[int, dict[str, Any]]
JSON_LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
JSON = (".json", ".json.gz")
DELIMITED = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
COLUMNAR = (".parquet", ".arrow")
ENDINGS = JSON_LINES + JSON + DELIMITED + COLUMNAR
_SHARD = re.compile(r"(?P<name>.+?)-(?P<number>\d{5})-of-(?P<total>\d{5})(?:-[0-9a-f]+)?(?P<ending>\..+)")


def is_table(path: Path) -> bool:
    """Whether it is a file with one of the endings."""
    return path.name.lower().endswith(ENDINGS) and path.is_file()


def shards(path: Path) -> list[Path]:
    """All parts of a table of which `path` is one, `train-00000-of-00003.parquet`; itself where it is whole.

    A part that is missing is named all the same, so that reading it says so.
    """
    found = _SHARD.fullmatch(path.name)
    if not found:
        return [path]
    parts = {}
    for other in path.parent.iterdir():
        part = _SHARD.fullmatch(other.name)
        if part and part.group("name", "total", "ending") == found.group("name", "total", "ending"):
            parts[int(part["number"])] = other
    missing = f"{found['name']}-{{:05d}}-of-{found['total']}{found['ending']}"
    count = min(int(found["total"]), max(parts) + 2)  # one missing name says enough
    return [parts.get(n) or path.with_name(missing.format(n)) for n in range(count)]


def without_later_shards(files: Sequence[Path]) -> list[Path]:
    """The files with one for each table in parts, its first; reading that one reads all."""
    return list(dict.fromkeys(shards(file)[0] for file in files))


def unsharded(name: str) -> str:
    """A file's name without the number of its part.

    >>> unsharded("train-00000-of-00003.parquet")
    'train.parquet'
    """
    found = _SHARD.fullmatch(name)
    return f"{found['name']}{found['ending']}" if found else name


def read_rows(
    path: Path, problems: Problems, columns: Sequence[str] = (), needed: Sequence[Sequence[str]] = ()
) -> Iterator[Row]:
    """The rows of a table and of its other parts.

    columns: names for the columns of a delimited file without a header line. needed: groups of names of which a
    delimited file's header must have one each, checked before a row is read.
    """
    for part in shards(path):
        name = part.name.lower()
        if name.endswith(JSON_LINES):
            yield from read_objects(part, problems)
        elif name.endswith(JSON):
            yield from _read_json(part, problems)
        elif name.endswith(COLUMNAR):
            yield from _read_columnar(part, problems)
        else:
            yield from _read_delimited(part, problems, columns, needed)


def _read_json(path: Path, problems: Problems) -> Iterator[Row]:
    """The objects of one JSON list; a file of that ending that holds JSON lines is read as such."""
    try:
        with open_plain(path) as file:
            raw = file.read()
        if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"[":
            yield from read_objects(path, problems)
            return
        values = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=no_duplicates)
        if b"\\u" in raw:
            refuse_lone_surrogates(values)
    except UnicodeDecodeError as error:
        problems.error("encoding", f"{path}: byte {error.start + 1} is not UTF-8: save the file as UTF-8")
        return
    except (ValueError, RecursionError, OSError, EOFError) as error:
        problems.error("json", f"{path}: not valid JSON ({error}): a list of objects is needed")
        return
    for number, value in enumerate(values, 1):
        if isinstance(value, dict):
            yield number, value
        else:
            kind = type(value).__name__
            problems.error("json", f"{path}:{number}: a JSON {kind}, not an object: write a list of {{...}}")


def _read_columnar(path: Path, problems: Problems) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        if path.name.lower().endswith(".parquet"):
            source: Any = pq.ParquetFile(path)
            names, batches = source.schema_arrow.names, source.iter_batches(batch_size=4096)
        else:
            source = _open_arrow(path)
            names, batches = source.schema.names, source
        if repeated := _repeated(names):
            problems.error(
                "columns", f"{path}: {len(names)} columns, two called {shown(repeated)}: rename one"
            )
            return
        for batch in batches:
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        form = "Parquet" if path.name.lower().endswith(".parquet") else "Arrow"
        problems.error(
            "table file", f"{path}:{number + 1}: not readable as {form} ({error}): write the file again"
        )


def _open_arrow(path: Path) -> Any:
    import pyarrow as pa

    source = pa.memory_map(str(path))
    try:
        return pa.ipc.open_stream(source)
    except pa.ArrowInvalid:
        file = pa.ipc.open_file(source)  # `datasets` writes streams, other tools this form
        return pa.RecordBatchReader.from_batches(
            file.schema, (file.get_batch(i) for i in range(file.num_record_batches))
        )


def _repeated(names: Sequence[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)


def _read_delimited(
    path: Path, problems: Problems, columns: Sequence[str], needed: Sequence[Sequence[str]]
) -> Iterator[Row]:
    """Rows of a CSV or TSV whose first line names the columns, unless `columns` does."""
    number = 0

    def lines() -> Iterator[str]:
        nonlocal number
        for number, line in read_lines(path, problems, blank=True):  # noqa: B007, a text in quotes may have them
            yield line + "\n"

    tabs = ".tsv" in path.name.lower()
    delimiter = "\t" if tabs else _delimiter(path, problems)
    quoting: Any = {"quoting": csv.QUOTE_NONE} if tabs else {"strict": True}
    header = [name.strip().lower() for name in columns]
    named = bool(header)
    try:
        for row in csv.reader(lines(), delimiter=delimiter, **quoting):
            if not row:
                continue
            if not header:
                header = [name.strip().lower() for name in row]
                if not _header_fits(path, header, needed, problems):
                    return
            elif len(row) != len(header):
                what = "data.columns" if named else "the first line"
                count = f"{len(row)} against {len(header)} fields in {what}"
                remedy = "name as many columns as there are" if named else "put texts with commas in quotes"
                problems.error("fields", f"{path}:{number}: {count}: {remedy}")
            elif named and number == 1 and [value.strip().lower() for value in row] == header:
                problems.error(
                    "columns", f"{path}:1: the first line names the columns: leave data.columns out"
                )
                return
            else:
                yield number, dict(zip(header, row, strict=True))
    except csv.Error as error:
        remedy = "close its quotes, or use JSON lines for long texts"
        problems.error("csv", f"{path}:{number}: {error}: {remedy}")


def _delimiter(path: Path, problems: Problems) -> str:
    """Of a CSV file: what its first line has most of, comma, semicolon or tab; a comma where it has none."""
    first = next(iter(read_lines(path, Problems())), (0, ""))[1]
    bare = re.sub(r'"[^"]*"', "", first)
    return max(",;\t", key=lambda mark: (bare.count(mark), -",;\t".index(mark)))


def _header_fits(path: Path, header: list[str], needed: Sequence[Sequence[str]], problems: Problems) -> bool:
    if repeated := _repeated(header):
        problems.error("columns", f"{path}:1: two columns called {shown(repeated)}: rename one")
        return False
    for names in needed:
        if not any(name in header for name in names):
            close = nearest(names[0], header)
            hint = close if "did you mean" in close else ""
            remedy = "name it in the first line, or all columns in data.columns where no line does"
            problems.error("columns", f"{path}:1: no column {names[0]!r}{hint}: {remedy}")
            return False
    return True
