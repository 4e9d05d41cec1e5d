"""Judgement files: `query-id<TAB>corpus-id<TAB>score` with a header (BEIR), or `qid 0 docid grade` (TREC)."""

from __future__ import annotations

import math
from pathlib import Path

from ..collection import Judgement
from ..lines import read_lines
from ..problems import Problems, shown

GRADE_LIMIT = 32767  # grades are stored in 16 bits


def read_qrels(path: Path, problems: Problems) -> list[Judgement]:
    """The judgements of a file in file order. A first line whose last field is a word is a header."""
    found: list[Judgement] = []
    for number, line in read_lines(path, problems):
        fields = line.split("\t") if "\t" in line else line.split()
        if len(fields) not in (3, 4):
            remedy = "write `query-id<TAB>corpus-id<TAB>score`, or `qid 0 docid grade`"
            problems.error("qrels line", f"{path}:{number}: {len(fields)} fields in {shown(line)}: {remedy}")
            continue
        query, doc, score = fields[0].strip(), fields[-2].strip(), fields[-1].strip()
        if number == 1 and not _numeric(score):
            continue
        grade = read_grade(score, f"{path}:{number}", problems)
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
