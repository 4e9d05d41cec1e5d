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
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

    def __init__(
        self, found: Collection, row: dict[str, Any], where: str, number: int, problems: Problems
    ) -> None:
        self.found, self.row, self.where, self.number, self.problems = found, row, where, number, problems

    def add(self, judged: list[Judgement], seen: set[tuple[str, str, int]]) -> None:
        """Put query, passages and negatives into the collection, and what is relevant into `judged`.

        seen: the pairs judged by rows with negatives, which repeat a pair for each of them.
        """
        query, name = self._query(), self._name(POSITIVE)
        value = self.row.get(name)
        if query is None or not self._is_filled(value, name):
            return
        score = 1 if isinstance(value, list) else self.row.get("score", 1)
        grade = read_grade(score, self.where, self.problems)
        positives = list(self._passages(value, name, self.row.get("id") if name == "passage" else None))
        negatives = [doc for name in self._negative_names() for doc in self._passages(self.row[name], name)]
        for doc in positives if grade is not None else ():
            judgement = Judgement(query, doc, grade or 0, self.number)
            if not negatives or judgement[:3] not in seen:
                judged.append(judgement)
            if negatives:
                seen.add(judgement[:3])
        self.found.given += [Judgement(query, doc, 0, self.number) for doc in negatives]

    def _name(self, names: Sequence[str]) -> str:
        return next((name for name in names if name in self.row), names[0])

    def _query(self) -> str | None:
        name = self._name(QUERY)
        text = self.row.get(name)
        if not isinstance(text, str) or not text.strip():
            self._refuse(name, text)
            return None
        text = text.strip()
        given = next((self.row[name] for name in QUERY_ID if self.row.get(name) is not None), None)
        key = _hash("q", text) if given is None else self._id(given, "query")
        if key is None:
            return None
        if self.found.queries.get(key, text) != text:
            remedy = "give each query its own"
            self._error("duplicated id", f"query id {shown(key)} already has another text: {remedy}")
            return None
        if key not in self.found.queries:
            add_text(self.found.queries, key, text, self.where, "query", self.problems)
        return key

    def _is_filled(self, value: Any, name: str) -> bool:
        if isinstance(value, list) and not value:
            message = f"{self.where}: field {name!r} is an empty list: the query is left out"
            self.problems.warn("no positive", message)
            return False
        if (
            isinstance(value, str | list | dict)
            and value
            and not (isinstance(value, str) and value.isspace())
        ):
            return True
        self._refuse(name, value)
        return False

    def _negative_names(self) -> Iterator[str]:
        yield from (name for name in NEGATIVE if self.row.get(name) not in (None, "", []))
        numbered = [(int(found[1]), name) for name in self.row if (found := _NUMBERED.fullmatch(name))]
        yield from (name for _, name in sorted(numbered) if self.row[name] not in (None, ""))

    def _passages(self, value: Any, name: str, own_id: Any = None) -> Iterator[str]:
        """Ids of the passages in a field, each in the collection then."""
        for one in value if isinstance(value, list) else [value]:
            text, given = (one, own_id) if isinstance(one, str) else self._parts(one)
            if not isinstance(text, str) or not text.strip():
                self._refuse(name, one)
                continue
            text = text.strip()
            blank = given is None or given == ""
            key = _hash("p", text) if blank else self._id(given, "passage")
            if key is None:
                continue
            if self.found.docs.get(key, text) != text:
                remedy = "the id is the passage's; give each passage its own"
                self._error("duplicated id", f"id {shown(key)} already has another passage: {remedy}")
                continue
            self.found.docs.setdefault(key, text)
            yield key

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


def _hash(prefix: str, text: str) -> str:
    return prefix + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


FORMAT = Format(
    "table",
    "a .jsonl, .json, .csv, .tsv or .parquet file with columns query and passage, anchor and positive, or the like",
    matches,
    read,
    read,
)
