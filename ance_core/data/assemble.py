"""From a collection as read to a dataset: ids become rows, contradictions problems, absent splits are cut."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ..errors import DataError
from ..reading import ReadingConfig
from .collection import Collection, Judgement
from .dataset import Dataset, Qrels
from .duplicates import copies, fold
from .fingerprint import fingerprint
from .joining import join
from .own_documents import own_documents
from .problems import Problems, shown
from .split_names import SPLITS, UNION, in_order
from .splits import carve_dev, split_all

PLAIN = ReadingConfig()


def assemble(
    found: Collection,
    problems: Problems,
    name: str,
    source: str = "",
    reading: ReadingConfig = PLAIN,
    cut_named: bool = False,
) -> Dataset:
    """The dataset of a collection. DataError if reading or joining found anything that breaks training.

    cut_named: cut a single judgement file in three even if it is named after a split, as was done before.
    """
    moved = copies(found) if reading.fold else {}
    note = fold(found, problems) if reading.fold else ""
    judged = join(found, problems, reading.strict)
    problems.raise_errors()
    judged, cut = complete_splits(judged, cut_named, found.format)
    own = own_documents(found, judged, reading.ignore_identical_ids, moved)
    if own.pairs:
        problems.warn("own documents", own.note)
    doc_row = {key: row for row, key in enumerate(found.docs)}
    query_row = {key: row for row, key in enumerate(found.queries)}

    def rows_of(rows: list[Judgement]) -> Qrels:
        return Qrels.of(
            [query_row[j.query] for j in rows], [doc_row[j.doc] for j in rows], [j.grade for j in rows]
        )

    qrels = {split: rows_of(judged[split]) for split in in_order(judged)}
    marks: dict[str, Any] = {
        "clicks": rows_of(found.clicks),
        "wrong": rows_of(found.wrong),
        "given": _in_file_order(given_negatives(found, judged, problems), query_row, doc_row),
        "own": Qrels.of([query_row[q] for q, _ in own.pairs], [doc_row[d] for _, d in own.pairs], [0] * len(own.pairs)),
    }  # fmt: skip
    texts = list(found.docs), list(found.docs.values()), list(found.queries), list(found.queries.values())
    hidden = Qrels.of()
    origin = source or f"{found.format} {found.path}"
    digest = fingerprint(*texts, qrels, hidden, marks)
    made = Dataset(name, *texts, qrels, hidden, digest, origin + note + cut)
    return dataclasses.replace(made, **marks)


def given_negatives(
    found: Collection, judged: dict[str, list[Judgement]], problems: Problems
) -> dict[str, list[str]]:
    """By query the documents that its rows give as negatives, each once, labels out."""
    if not found.given:
        return {}
    relevant = {(row.query, row.doc) for rows in judged.values() for row in rows if row.grade >= 1}
    given: dict[str, dict[str, None]] = {}
    for row in found.given:
        if (row.query, row.doc) in relevant:
            message = f"document {shown(row.doc)} is given as a negative of query {shown(row.query)} and is a positive"
            problems.warn(
                "negative and positive", f"{found.path}:{row.line}: {message} of it: it counts as one"
            )
        else:
            given.setdefault(row.query, {})[row.doc] = None
    return {query: list(docs) for query, docs in given.items()}


def _in_file_order(given: dict[str, list[str]], query_row: dict[str, int], doc_row: dict[str, int]) -> Qrels:
    pairs = [(query_row[query], doc_row[doc]) for query, docs in given.items() for doc in docs]
    pairs.sort(key=lambda pair: pair[0])  # stable: within a query the order of its rows
    queries, docs = np.array(pairs, dtype=np.int32).reshape(-1, 2).T
    made = Qrels(np.ascontiguousarray(queries), np.ascontiguousarray(docs), np.zeros(len(pairs), np.int16))
    for array in (made.queries, made.docs, made.grades):
        array.flags.writeable = False
    return made


def complete_splits(
    judged: dict[str, list[Judgement]], cut_named: bool = False, form: str = ""
) -> tuple[dict[str, list[Judgement]], str]:
    """(judgements with what can be cut, what was done in words).

    One file that is not named after a split is cut in three, dev from train. Without train nothing is cut: what a file
    says is test is test.
    """
    (first, *others) = judged
    if not others and (first == UNION or (cut_named and (first != "train" or form == "table"))):
        rows = judged[first]
        where = split_all(row.query for row in rows)
        if len(where) < 3:
            raise DataError(
                f"{first} split: {len(where)} judged queries cannot make train, dev and test: add some"
            )
        parts = {split: [row for row in rows if where[row.query] == split] for split in SPLITS}
        return parts, f"; its one judgement file split into train, dev and test by query id ({first})"
    if "dev" in judged or "train" not in judged:
        return judged, ""
    train = judged["train"]
    chosen = carve_dev(row.query for row in train)
    if not chosen:
        raise DataError(
            "train split: 1 query, but a dev split has to be cut from it: add queries or a dev split"
        )
    dev = [row for row in train if row.query in chosen]
    rest = [row for row in train if row.query not in chosen]
    note = f"; dev split ({len(chosen)} queries) cut from train by query id"
    return {**judged, "train": rest, "dev": dev}, note
