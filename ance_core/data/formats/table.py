"""One file of pairs: JSON lines or CSV with columns `query` and `passage`, optionally `id` and `score`.

`id` is the passage's, so a passage that answers several queries has one id on several lines. Without it a
passage is identified by its text; queries always are. `score` is the grade (1 where the column is absent).
Ids made from texts are hashes, so that the split does not depend on the order of the lines.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import nearest
from ..collection import Collection, Judgement
from ..lines import read_lines
from ..problems import Problems, shown
from .base import Format
from .qrels import read_grade
from .texts import add_text, read_objects

JSON_LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
DELIMITED = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
NEEDED = ("query", "passage")


def matches(path: Path) -> bool:
    """Whether it is a file with the ending of one of the two forms."""
    return path.is_file() and path.name.lower().endswith(JSON_LINES + DELIMITED)


def read(path: Path, problems: Problems) -> Collection:
    """The file's pairs as a collection with one judgement list."""
    found = Collection(path, FORMAT.name, docs_file=path, queries_file=path, files={"all": path})
    rows = read_objects if path.name.lower().endswith(JSON_LINES) else _read_delimited
    judged = (_judge(found, row, number, problems) for number, row in rows(path, problems))
    found.judgements["all"] = [judgement for judgement in judged if judgement is not None]
    return found


def _judge(found: Collection, row: dict[str, Any], number: int, problems: Problems) -> Judgement | None:
    where = f"{found.path}:{number}"
    for name in NEEDED:
        if not isinstance(row.get(name), str) or not row[name].strip():
            state = f"{shown(row[name])}, not a text" if name in row else f"missing{nearest(name, row)}"
            problems.error(f"missing {name}", f"{where}: field {name!r} is {state}: give each line one")
            return None
    query, passage = row["query"].strip(), row["passage"].strip()
    grade = read_grade(row.get("score", 1), where, problems)
    query_id = _hash("q", query)
    given = row.get("id")
    doc_id = str(given).strip() if given is not None and str(given).strip() else _hash("p", passage)
    if found.docs.get(doc_id, passage) != passage:
        remedy = "the id is the passage's; give each passage its own"
        problems.error("duplicated id", f"{where}: id {shown(doc_id)} already has another passage: {remedy}")
        return None
    if query_id not in found.queries:
        add_text(found.queries, query_id, query, where, "query", problems)
    found.docs.setdefault(doc_id, passage)
    return None if grade is None else Judgement(query_id, doc_id, grade, number)


def _hash(prefix: str, text: str) -> str:
    return prefix + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def _read_delimited(path: Path, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, row by column name) of a CSV or TSV whose first line names the columns."""
    number = 0

    def lines() -> Iterator[str]:
        nonlocal number
        for number, line in read_lines(path, problems, blank=True):  # noqa: B007, a text in quotes may have them
            yield line + "\n"

    tabs = ".tsv" in path.name.lower()
    reader = (
        csv.reader(lines(), delimiter="\t", quoting=csv.QUOTE_NONE)
        if tabs
        else csv.reader(lines(), strict=True)
    )
    header: list[str] = []
    try:
        for row in reader:
            if not header:
                header = [name.strip().lower() for name in row]
                missing = [name for name in NEEDED if name not in header]
                if missing:
                    hint = nearest(missing[0], header)
                    problems.error(
                        "columns", f"{path}:1: no column {missing[0]!r}{hint}: name it in the first line"
                    )
                    return
            elif row and len(row) != len(header):
                count = f"{len(row)} against {len(header)} fields in the first line"
                problems.error("fields", f"{path}:{number}: {count}: put texts with commas in quotes")
            elif row:
                yield number, dict(zip(header, row, strict=True))
    except csv.Error as error:
        remedy = "close its quotes, or use JSON lines for long texts"
        problems.error("csv", f"{path}:{number}: {error}: {remedy}")


FORMAT = Format(
    "table", "a .jsonl or .csv file with columns query, passage and optionally id, score", matches, read
)
