"""Judgement files: `query-id<TAB>corpus-id<TAB>score` with a header (BEIR), or `qid 0 docid grade` (TREC).

Also the same three as columns of JSON lines or Parquet, as hubs keep them.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from ..collection import Judgement
from ..lines import read_lines
from ..problems import Problems, shown
from .objects import read_id
from .rows import COLUMNAR, JSON_LINES, read_rows

GRADE_LIMIT = 32767  # grades are stored in 16 bits
QUERY, DOCUMENT, SCORE = (
    ("query-id", "query_id", "qid", "query"),
    ("corpus-id", "corpus_id", "doc-id", "doc_id", "docid", "pid", "document", "passage"),
    ("score", "grade", "relevance", "label"),
)
_HEADING = re.compile(
    "query|queryid|qid|topic|topicid|corpusid|docid|documentid|document|docno|pid|passageid|iter|iteration|score|grade|rel|"
    "relevance|relevancy|label|judgment|judgement|qrel"
)


def read_qrels(path: Path, problems: Problems) -> list[Judgement]:
    """The judgements of a file in file order. A first line of names, and not of a query and a bad grade, is a header."""
    if path.name.lower().endswith(JSON_LINES + COLUMNAR):
        return _read_columns(path, problems)
    found: list[Judgement] = []
    for number, line in read_lines(path, problems):
        fields = line.split("\t") if "\t" in line else line.split()
        if len(fields) not in (3, 4):
            remedy = "write `query-id<TAB>corpus-id<TAB>score`, or `qid 0 docid grade`"
            problems.error("qrels line", f"{path}:{number}: {len(fields)} fields in {shown(line)}: {remedy}")
            continue
        query, doc, score = fields[0].strip(), fields[-2].strip(), fields[-1].strip()
        if number == 1 and _is_header(fields):
            continue
        grade = read_grade(score, f"{path}:{number}", problems)
        if not query or not doc:
            remedy = "write `query-id<TAB>corpus-id<TAB>score`"
            problems.error("qrels line", f"{path}:{number}: an empty id in {shown(line)}: {remedy}")
        elif grade is not None:
            found.append(Judgement(query, doc, grade, number))
    return found


def _is_header(fields: list[str]) -> bool:
    """Whether all but at most one of the fields are the names that such files give their columns.

    One bad grade must not make a header of a judgement: it would be lost without a word.
    """
    names = [re.sub(r"[^a-z]", "", field.lower()) for field in fields]
    return not _numeric(fields[-1]) and sum(not _HEADING.fullmatch(name) for name in names) <= 1


def _read_columns(path: Path, problems: Problems) -> list[Judgement]:
    found = []
    for number, row in read_rows(path, problems):
        where = f"{path}:{number}"
        values = [next((row[name] for name in names if name in row), None) for names in (QUERY, DOCUMENT)]
        query, doc = map(read_id, values)
        if query is None or doc is None:
            name, value = ("query-id", values[0]) if query is None else ("corpus-id", values[1])
            problems.error(
                "missing id", f"{where}: field {name!r} is {shown(value)}: give each judgement both ids"
            )
            continue
        score = next((row[name] for name in SCORE if name in row), 1)
        grade = read_grade(score, where, problems)
        if grade is not None:
            found.append(Judgement(query, doc, grade, number))
    return found


def _numeric(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def read_grade(value: object, where: str, problems: Problems) -> int | None:
    """A whole number, also written `1.0`; None, and a problem, for anything else."""
    try:
        number = (
            float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
        )
    except (ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number) and number.is_integer() and abs(number) <= GRADE_LIMIT:
        return int(number)
    remedy = "grades are whole numbers; 1 or more is relevant, 0 or less judged not relevant"
    problems.error("score", f"{where}: score {shown(value)} is not a grade: {remedy}")
    return None
