"""Tables of pairs, triplets and lists: a file, or a folder with a file for each split.

A row has a query and what is relevant to it, and may have negatives, a `score` and ids:

    query, passage [, id, score]                 a pair; `id` is the passage's
    anchor, positive, negative [, negative_2]    a triplet, of sentence-transformers
    query, pos, neg                              texts or lists of texts (FlagEmbedding)
    query, positive_passages, negative_passages  lists of {docid, title, text} (Tevatron)
    question, positive_ctxs, negative_ctxs, hard_negative_ctxs   lists of {title, text, passage_id} (DPR)

Without ids, passages and queries are identified by their text. Ids made from texts are hashes, so that the split does
not depend on the order of the lines. Negatives become `Collection.given`, in the order of the row.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...errors import nearest
from ..collection import Collection, Judgement, join_title
from ..problems import Problems, shown
from ..split_names import SPLITS, UNION, split_of
from .base import Format
from .objects import read_id
from .qrels import read_grade
from .rows import Row, is_table, read_rows, unsharded
from .texts import add_text

QUERY = ("query", "anchor", "question")
POSITIVE = ("passage", "positive", "pos", "positive_passages", "positive_ctxs", "document", "answer")
NEGATIVE = ("hard_negative_ctxs", "negative", "negatives", "neg", "negative_passages", "negative_ctxs")
QUERY_ID = ("query_id", "query-id", "qid")
PASSAGE_ID = ("docid", "doc_id", "passage_id", "psg_id", "_id", "id")
_NUMBERED = re.compile(r"neg(?:ative)?_?(\d+)")


def matches(path: Path) -> bool:
    """Whether it is a file with the ending of a table."""
    return is_table(path)


def read(path: Path, problems: Problems, columns: Sequence[str] = ()) -> Collection:
    """The file's rows as a collection with one judgement list, of the split that the file is named after if it is."""
    split = split_of(unsharded(path.name), stem=True)
    return read_tables(path, {split if split in SPLITS else UNION: [path]}, problems, columns)


def read_tables(
    path: Path, tables: Mapping[str, list[Path]], problems: Problems, columns: Sequence[str] = ()
) -> Collection:
    """The tables of each split as one collection: equal passages are one document, whatever split they are in."""
    found = Collection(path, FORMAT.name, docs_file=path, queries_file=path)
    for split, files in tables.items():
        for file in files:
            add_rows(found, split, file, read_rows(file, problems, columns, (QUERY, POSITIVE)), problems)
    return found


def add_rows(found: Collection, split: str, file: Path, rows: Iterable[Row], problems: Problems) -> None:
    """Put rows into the collection, as judgements of that split."""
    found.files.setdefault(split, file)
    judged = found.judgements.setdefault(split, [])
    seen: set[tuple[str, str, int]] = set()
    for number, row in rows:
        _Row(found, row, f"{file}:{number}", number, problems).add(judged, seen)


class _Row:
    """One row on its way into a collection."""

    __slots__ = ("found", "number", "problems", "row", "where")

    def __init__(
        self, found: Collection, row: dict[str, Any], where: str, number: int, problems: Problems
    ) -> None:
        self.found, self.row, self.where, self.number, self.problems = found, row, where, number, problems

    def add(self, judged: list[Judgement], seen: set[tuple[str, str, int]]) -> None:
        """Put query, passages and negatives into the collection, and what is relevant into `judged`.

        seen: the pairs judged by rows with negatives, which repeat a pair for each of them.
        """
        name, ids, positive, negative = _columns(tuple(self.row))
        query, value = self._query(name, ids), self.row.get(positive)
        if query is None or not self._is_filled(value, positive):
            return
        score = 1 if isinstance(value, list) else self.row.get("score", 1)
        grade = read_grade(score, self.where, self.problems)
        own_id = self.row.get("id") if positive == "passage" else None
        positives = self._passages(value, positive, own_id)
        if not negative:
            if grade is not None:
                judged += [Judgement(query, doc, grade, self.number) for doc in positives]
            return
        filled = [column for column in negative if self.row[column] not in (None, "", [])]
        negatives = [doc for column in filled for doc in self._passages(self.row[column], column)]
        for doc in positives if grade is not None else ():
            judgement = Judgement(query, doc, grade or 0, self.number)
            if judgement[:3] not in seen:
                judged.append(judgement)
            seen.add(judgement[:3])
        self.found.given += [Judgement(query, doc, 0, self.number) for doc in negatives]

    def _query(self, name: str, ids: list[str]) -> str | None:
        text = self.row.get(name)
        if not isinstance(text, str) or not (text := text.strip()):
            self._refuse(name, self.row.get(name))
            return None
        given = next((self.row[name] for name in ids if self.row[name] is not None), None) if ids else None
        key = _hash("q", text) if given is None else self._id(given, "query")
        if key is None:
            return None
        known = self.found.queries.get(key)
        if known is None:
            add_text(self.found.queries, key, text, self.where, "query", self.problems)
        elif known != text:
            self._error(
                "duplicated id", f"query id {shown(key)} already has another text: give each query its own"
            )
            return None
        return key

    def _is_filled(self, value: Any, name: str) -> bool:
        if isinstance(value, list) and not value:
            message = f"{self.where}: field {name!r} is an empty list: the query is left out"
            self.problems.warn("no positive", message)
            return False
        if value and (not value.isspace() if isinstance(value, str) else isinstance(value, list | dict)):
            return True
        self._refuse(name, value)
        return False

    def _passages(self, value: Any, name: str, own_id: Any = None) -> list[str]:
        """Ids of the passages in a field, each in the collection then."""
        ones = value if isinstance(value, list) else [value]
        return [key for one in ones if (key := self._passage(one, name, own_id)) is not None]

    def _passage(self, one: Any, name: str, own_id: Any) -> str | None:
        text, given = (one, own_id) if isinstance(one, str) else self._parts(one)
        if not isinstance(text, str) or not (text := text.strip()):
            self._refuse(name, one)
            return None
        key = _hash("p", text) if given is None or given == "" else self._id(given, "passage")
        if key is not None and self.found.docs.setdefault(key, text) != text:
            remedy = "the id is the passage's; give each passage its own"
            self._error("duplicated id", f"id {shown(key)} already has another passage: {remedy}")
            return None
        return key

    def _parts(self, value: Any) -> tuple[Any, Any]:
        """(title and text joined, id) of a passage that is an object."""
        if not isinstance(value, dict):
            return value, None
        text, title = value.get("text"), value.get("title")
        given = next((value[name] for name in PASSAGE_ID if value.get(name) is not None), None)
        if not isinstance(text, str) or not isinstance(title, str | None):
            return None, given
        return join_title(title or "", text), given

    def _id(self, value: Any, what: str) -> str | None:
        key = read_id(value.strip() if isinstance(value, str) else value)
        if key is None:
            self._error("id", f"{what} id {shown(value)} is neither a text nor a whole number: give it one")
        return key

    def _refuse(self, name: str, value: Any) -> None:
        hint = nearest(name, self.row)
        state = f"{shown(value)}, not a text" if name in self.row else f"missing{hint}"
        self._error(f"missing {name}", f"field {name!r} is {state}: give each line one")

    def _error(self, kind: str, message: str) -> None:
        self.problems.error(kind, f"{self.where}: {message}")


@lru_cache(maxsize=1024)
def _columns(names: tuple[str, ...]) -> tuple[str, list[str], str, list[str]]:
    """Of a row's columns those of the query, its id, what is relevant, and of negatives, in the order they are taken."""
    numbered = sorted((int(found[1]), name) for name in names if (found := _NUMBERED.fullmatch(name)))
    negative = [name for name in NEGATIVE if name in names] + [name for _, name in numbered]
    query, positive = (
        next((name for name in group if name in names), group[0]) for group in (QUERY, POSITIVE)
    )
    return query, [name for name in QUERY_ID if name in names], positive, negative


def _hash(prefix: str, text: str) -> str:
    return prefix + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


FORMAT = Format(
    "table",
    "a .jsonl, .json, .csv, .tsv or .parquet file with columns query and passage, anchor and positive, or the like",
    matches,
    read,
    read,
)
