"""Reading a run's records by what is asked for: columns that are needed, rows that can match, nothing else.

Filters go down to the parquet files, where steps outside a part's range cost nothing. A part that cannot be read
is left out and told, so that the others can still be looked at.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import StoreError
from ...runs import negatives
from ...runs.headers import check_parquet
from ...runs.negatives import COLUMNS, FOLDER, parts, schema
from ...runs.reading import brief

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Records:
    """The readable parts of a run's records. rows: of all of them; last: their last step, 0 without records.

    unreadable: a line for each part that was left out.
    """

    files: tuple[str, ...]
    rows: int
    last: int
    unreadable: tuple[str, ...] = ()

    def dataset(self) -> ds.Dataset:
        """All parts as one dataset; empty without any."""
        import pyarrow.dataset as ds

        if not self.files:
            return ds.dataset(schema().empty_table())
        return ds.dataset(list(self.files), schema=schema(), format="parquet")

    def read(self, columns: Sequence[str], where: pc.Expression | None = None) -> Columns:
        """The columns of documents drawn as negatives, in order of their steps; `source` as codes into SOURCES.

        where: rows wanted besides. Negatives that are queries (DANCE's second contrast) are left out.
        """
        import pyarrow.compute as pc

        condition = pc.field("document") >= 0
        table = self._table(columns, condition if where is None else condition & where)
        return self._reading(lambda: {name: to_numpy(table, name) for name in columns})

    def count(self, where: pc.Expression | None = None) -> int:
        """Rows of documents that match; no column is kept."""
        import pyarrow.compute as pc

        condition = pc.field("document") >= 0
        where = condition if where is None else condition & where
        return int(self._reading(lambda: self.dataset().count_rows(filter=where)))

    def first(self, n: int, columns: Sequence[str], where: pc.Expression | None = None) -> Columns:
        """At most `n` matching rows, the earliest; reading stops as soon as they are found."""
        import pyarrow.compute as pc

        condition = pc.field("document") >= 0
        where = condition if where is None else condition & where
        table = self._reading(lambda: self.dataset().head(n, columns=list(columns), filter=where))
        return {name: to_numpy(table, name) for name in columns}

    def _table(self, columns: Sequence[str], where: pc.Expression) -> pa.Table:
        return self._reading(lambda: self.dataset().to_table(columns=list(columns), filter=where))

    def _reading(self, work: Any) -> Any:
        try:
            return work()
        except Exception as error:  # damaged behind its footer, or dropped by a resume since it was listed
            folder = Path(self.files[0]).parent
            raise StoreError(
                f"{folder}: cannot be read ({brief(error)}): look again, or resume the run"
            ) from error


def open_records(run: Path) -> Records:
    """The records in a run's folder. Reads the footers of its parts only, and of those that it has seen nothing."""
    files, rows, last, unreadable = [], 0, 0, []
    for part in parts(run):
        try:
            stat = part.path.stat()
            rows += _rows(str(part.path), stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except Exception as error:  # Arrow's own, on arbitrary bytes
            unreadable.append(f"{FOLDER}/{part.path.name}: {brief(error)}")
            continue
        files.append(str(part.path))
        last = max(last, part.last)
    return Records(tuple(files), rows, last, tuple(unreadable))


@functools.lru_cache(maxsize=10_000)
def _rows(path: str, *stamp: int) -> int:
    """Rows of a part. stamp: tells the file from a later one of the same name."""
    check_parquet(Path(path))
    return negatives.check_part(path)


def to_numpy(table: pa.Table, name: str) -> np.ndarray:
    """A column as an array; `source` becomes codes into `samplers.SOURCES`, -1 for a name that is not there."""
    if COLUMNS[name][0] != "source":
        return np.asarray(table[name].to_numpy())
    from ...samplers import SOURCES

    codes = []
    for chunk in table[name].chunks:  # each part has a dictionary of its own
        names = chunk.dictionary.to_pylist()
        known = np.array([SOURCES.index(n) if n in SOURCES else -1 for n in names] or [-1], np.int8)
        codes.append(known[chunk.indices.to_numpy(zero_copy_only=False)])
    return np.concatenate(codes) if codes else np.empty(0, np.int8)
