"""The provenance records: one row for each drawn negative, in parquet parts that cover whole steps.

A part is `negatives/part-<first step>-<last step>.parquet` (a `-<n>` follows when the same steps come in
several flushes). Parts are cut at checkpoints, so a resume drops files instead of rewriting them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import nearest
from .files import atomic_file, make_folder, remove, sync, writing

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

FOLDER = "negatives"
# column -> (type, value where a sampler has none); "source" is text from a handful of names.
COLUMNS: dict[str, tuple[str, Any]] = {
    "step": ("int32", None),
    "query": ("int32", None),
    "positive": ("int32", -1),
    "document": ("int32", None),
    "negative_query": ("int32", -1),
    "slot": ("int16", 0),
    "source": ("source", None),
    "rank": ("int32", -1),
    "score_drawn": ("float32", np.nan),
    "positive_score_drawn": ("float32", np.nan),
    "probability": ("float64", np.nan),
    "score": ("float32", np.nan),
    "positive_score": ("float32", np.nan),
    "loss": ("float32", np.nan),
    "grad_norm": ("float32", np.nan),
    "index_step": ("int32", -1),
    "hidden": ("bool", False),
    "wrong_label": ("bool", False),
}
_PART = re.compile(r"part-([0-9]{1,12})-([0-9]{1,12})(?:-([0-9]{1,12}))?\.parquet")
Chunk = dict[str, np.ndarray]


class Buffer:
    """Records waiting to be written, a chunk a step."""

    def __init__(self) -> None:
        self._chunks: list[Chunk] = []
        self.rows = 0

    def append(self, records: Mapping[str, Any]) -> None:
        """Add rows: one array (n,) a column, or one value for all rows. The arrays are copied.

        Needs step, query, document and source; other absent columns say "none" (-1, NaN, False).
        Raises ValueError for an unknown or missing column and for unequal lengths.
        """
        for name in records:
            if name not in COLUMNS:
                raise ValueError(f"negatives: no column {name!r}{nearest(name, COLUMNS)}")
        rows = len(np.atleast_1d(records["document"])) if "document" in records else 0
        chunk = {name: _column(name, records, rows) for name in COLUMNS}
        if rows:
            self._chunks.append(chunk)
            self.rows += rows

    def split(self, step: int | None) -> tuple[Chunk | None, Chunk | None]:
        """The rows of steps <= `step` (None: all rows), and the others; None where there are none."""
        if not self._chunks:
            return None, None
        whole = {name: np.concatenate([chunk[name] for chunk in self._chunks]) for name in COLUMNS}
        due = whole["step"] <= (np.iinfo(np.int32).max if step is None else step)
        return _where(whole, due), _where(whole, ~due)

    def keep(self, chunk: Chunk | None) -> None:
        """Forget all rows but these."""
        self._chunks = [chunk] if chunk is not None else []
        self.rows = len(chunk["step"]) if chunk is not None else 0


def _column(name: str, records: Mapping[str, Any], rows: int) -> np.ndarray:
    kind, absent = COLUMNS[name]
    value = records.get(name, absent)
    if value is None:
        raise ValueError(f"negatives: column {name!r} is missing")
    array = np.array(value, dtype=object if kind == "source" else kind)  # copies: callers reuse their arrays
    if array.ndim == 0:
        return np.full(rows, array[()], dtype=array.dtype)
    if array.shape != (rows,):
        raise ValueError(f"negatives: column {name!r} has shape {array.shape}, 'document' has {rows} rows")
    return array


def _where(chunk: Chunk, mask: np.ndarray) -> Chunk | None:
    if mask.all():
        return chunk
    return {name: array[mask] for name, array in chunk.items()} if mask.any() else None


def schema() -> pa.Schema:
    """The arrow schema of the records: the order and types of COLUMNS."""
    import pyarrow as pa

    types = {"bool": pa.bool_(), "source": pa.dictionary(pa.int32(), pa.string())}
    return pa.schema([(n, types.get(k) or pa.from_numpy_dtype(np.dtype(k))) for n, (k, _) in COLUMNS.items()])


@dataclass(frozen=True, order=True)
class Part:
    """One parquet file; ordering is by steps."""

    first: int
    last: int
    number: int
    path: Path


def parts(run: Path) -> list[Part]:
    """The finished parts of a run, in order of their steps."""
    try:
        names = os.listdir(run / FOLDER)
    except (FileNotFoundError, NotADirectoryError):
        return []
    matches = [match for name in names if (match := _PART.fullmatch(name))]
    return sorted(Part(int(m[1]), int(m[2]), int(m[3] or 0), run / FOLDER / m[0]) for m in matches)


def write_part(run: Path, chunk: Chunk) -> None:
    """Write one part (zstd); it appears by rename. StoreError when the disk refuses."""
    import pyarrow as pa

    columns = [pa.array(chunk[name], pa.string()) if kind == "source" else pa.array(chunk[name])
               for name, (kind, _) in COLUMNS.items()]  # fmt: skip
    columns = [c.dictionary_encode() if pa.types.is_string(c.type) else c for c in columns]
    make_folder(run / FOLDER)
    first, last = int(chunk["step"].min()), int(chunk["step"].max())
    _write(pa.Table.from_arrays(columns, schema=schema()), _free_path(run, first, last))


def _write(table: pa.Table, path: Path) -> None:
    import pyarrow.parquet as pq

    with atomic_file(path) as temp:
        pq.write_table(table, temp, compression="zstd")


def _free_path(run: Path, first: int, last: int) -> Path:
    stem, number = f"part-{first:08d}-{last:08d}", 1
    path = run / FOLDER / f"{stem}.parquet"
    while path.exists():
        number += 1
        path = run / FOLDER / f"{stem}-{number}.parquet"
    return path


def dataset(run: Path) -> ds.Dataset:
    """All finished parts as one pyarrow dataset, in order of their steps; empty when there are none."""
    import pyarrow.dataset as ds

    files = [str(part.path) for part in parts(run)]
    if not files:
        return ds.dataset(schema().empty_table())
    return ds.dataset(files, schema=schema(), format="parquet")


def check_part(path: Path | str) -> int:
    """The rows of a part, by its footer. ValueError unless it has the columns of records, each of its kind, and steps of
    the span in its name.

    What older runs do not have may be missing.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = pq.ParquetFile(path)
    found = about.schema_arrow
    for name, (kind, absent) in COLUMNS.items():
        if name not in found.names:
            if absent is None:
                raise ValueError(f"no column '{name}'")
            continue
        own = found.field(name).type
        own = own.value_type if pa.types.is_dictionary(own) else own
        fits = {"source": pa.types.is_string, "bool": pa.types.is_boolean}.get(kind)
        if fits is None:
            fits = pa.types.is_floating if kind.startswith("float") else pa.types.is_integer
        if not fits(own):
            raise ValueError(f"column '{name}' holds {own}")
    _check_span(Path(path), about.metadata)
    return int(about.metadata.num_rows)


def _check_span(path: Path, footer: pq.FileMetaData) -> None:
    """ValueError for steps outside of those in the part's name, as far as the footer tells."""
    named = _PART.fullmatch(path.name)
    for group in range(footer.num_row_groups if named else 0):
        columns = (footer.row_group(group).column(i) for i in range(footer.num_columns))
        for column in columns:
            found = column.statistics if column.path_in_schema == "step" else None
            if (
                named
                and found
                and found.has_min_max
                and not int(named[1]) <= found.min <= found.max <= int(named[2])
            ):
                raise ValueError(
                    f"steps {found.min} to {found.max} in it, its name says {named[1]} to {named[2]}"
                )


def truncate(run: Path, step: int) -> None:
    """Drop all records of steps beyond `step`. Interrupted anywhere, it can be repeated."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    for part in parts(run):
        if part.first > step:
            remove(part.path)
        elif part.last > step:  # a process died between two checkpoints of a run that was flushed more often
            table = pq.read_table(part.path, schema=schema(), partitioning=None)
            table = table.filter(pc.field("step") <= step)
            # First the contents, then the name: at no moment are rows there twice.
            _write(table, part.path)
            last = pc.max(table["step"]).as_py()
            with writing(part.path):
                os.rename(part.path, _free_path(run, part.first, last))
                sync(part.path.parent)
