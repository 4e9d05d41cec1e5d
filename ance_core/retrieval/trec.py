"""TREC run files: `query-id Q0 document-id rank score tag`, one result a line, for use with other tools."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..data.problems import shown
from ..errors import DataError
from ..runs import atomic_file
from .ranking import Ranking

if TYPE_CHECKING:
    from ..data.dataset import Dataset

Result = tuple[float, int, int]  # (-score, rank, document row): sorts best first


def write_trec_run(
    path: Path | str, ranking: Ranking, query_ids: Sequence[str], doc_ids: Sequence[str], tag: str
) -> None:
    """Write `ranking` (Q, K) to `path`; row i belongs to query_ids[i]. Ranks start at 1.

    Scores are written so that they read back to the same float32, but for equal ones: of those each after the first is
    lowered to the next float32, since trec_eval would order them by document id and measure another ranking. So scores
    fall strictly, in the order that was measured. The file appears whole or not at all.

    Raises DataError when an id or the tag is empty or holds white space, which separates the fields;
    StoreError when the file cannot be written.
    """
    _check_names("tag", [tag])
    _check_names("query id", query_ids)
    _check_names("document id", [doc_ids[d] for d in np.unique(ranking.docs[ranking.docs >= 0])])
    with atomic_file(Path(path)) as temp, open(temp, "w", encoding="utf-8", newline="\n") as file:
        for query, docs, scores in zip(
            query_ids, ranking.docs.tolist(), falling(ranking.scores).tolist(), strict=True
        ):
            for rank, (doc, score) in enumerate(zip(docs, scores, strict=True), start=1):
                if doc >= 0:
                    file.write(f"{query} Q0 {doc_ids[doc]} {rank} {score:.9g} {tag}\n")


def falling(scores: np.ndarray) -> np.ndarray:
    """Scores (Q, K) float32 with every one that is not below its predecessor lowered to the next float32 below that.

    >>> falling(np.array([[1.0, 1.0, 0.5]], np.float32)).tolist()
    [[1.0, 0.9999999403953552, 0.5]]
    """
    result = np.array(scores, np.float32)
    for column in range(1, result.shape[1]):
        below = np.nextafter(result[:, column - 1], np.float32(-np.inf))
        result[:, column] = np.minimum(result[:, column], below)
    return result


def read_trec_run(path: Path | str, dataset: Dataset) -> tuple[np.ndarray, Ranking]:
    """The query rows (Q,) int32 of a run file, ascending, and their Ranking (Q, K), K being the most results.

    Results are ordered by score, as TREC's tools do; equal scores by the rank column, then by document row.

    Raises DataError with file and line for a line that has not six fields, an id that the dataset lacks, a
    rank or score that is no number, or a document listed twice; and for a file that cannot be read.
    """
    path = Path(path)
    query_rows = {name: row for row, name in enumerate(dataset.query_ids)}
    doc_rows = {name: row for row, name in enumerate(dataset.doc_ids)}
    found: dict[int, dict[int, Result]] = {}
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    query, result = _parse(line, f"{path}:{number}", query_rows, doc_rows)
                    if found.setdefault(query, {}).setdefault(result[2], result) is not result:
                        name = dataset.doc_ids[result[2]]
                        raise DataError(f"{path}:{number}: document '{name}' a second time: keep one of them")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a TREC run ({error})") from None
    if not found:
        raise DataError(f"{path}: no results in it: each line is `query-id Q0 document-id rank score tag`")
    return np.array(sorted(found), np.int32), _ranking([sorted(found[q].values()) for q in sorted(found)])


def _parse(line: str, where: str, query_rows: dict[str, int], doc_rows: dict[str, int]) -> tuple[int, Result]:
    fields = line.split()
    if len(fields) != 6:
        raise DataError(
            f"{where}: {len(fields)} fields: need six, `query-id Q0 document-id rank score tag`, not {shown(line)}"
        )
    query, _, doc, rank, score, _ = fields
    if query not in query_rows:
        raise DataError(
            f"{where}: query {shown(query, 200)} is not in the dataset: use the run of this dataset"
        )
    if doc not in doc_rows:
        raise DataError(
            f"{where}: document {shown(doc, 200)} is not in the dataset: use the run of this dataset"
        )
    try:
        result = (-float(score), int(rank), doc_rows[doc])
    except ValueError:
        raise DataError(f"{where}: rank {shown(rank)} and score {shown(score)} must be numbers") from None
    if not math.isfinite(result[0]):
        raise DataError(f"{where}: score {shown(score)}: a finite number is needed")
    return query_rows[query], result


def _ranking(rows: list[list[Result]]) -> Ranking:
    shape = (len(rows), max(map(len, rows)))
    docs, scores = np.full(shape, -1, np.int32), np.full(shape, -np.inf, np.float32)
    for i, row in enumerate(rows):
        docs[i, : len(row)] = [doc for _, _, doc in row]
        scores[i, : len(row)] = [-negative for negative, _, _ in row]
    return Ranking(docs, scores)


def _check_names(field: str, names: Sequence[str]) -> None:
    for name in names:
        if not name or name.split() != [name]:
            raise DataError(
                f"{field}: {shown(name, 200)} is empty or has white space, which separates fields: rename it"
            )
