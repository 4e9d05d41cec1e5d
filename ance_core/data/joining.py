"""Judgements of a collection joined with its texts: each pair once, dangling ones out, contradictions named.

Problems that follow from others already found in the same file are not reported once more.
"""

from __future__ import annotations

from .collection import CLICKS, WRONG, Collection, Judgement
from .problems import Problems, shown
from .split_names import UNION

MIN_DOCS = 2  # a negative needs a document that is not the positive
TRAINED = ("train", UNION)
"""Splits of which training needs every judgement; in others an unknown document or query costs that judgement alone."""


def join(found: Collection, problems: Problems, strict: bool = False) -> dict[str, list[Judgement]]:
    """Judgements by split, each pair once, dangling ones out. Everything contradictory goes to `problems`.

    strict: whether a judgement of an unknown document or query is an error in evaluation splits too.
    """
    _check_corpus(found, problems)
    judged = {}
    for split, rows in found.judgements.items():
        file = found.files[split]
        judged[split] = _join_split(found, split, rows, problems, strict or split in TRAINED)
        if problems.about(file) or problems.about(found.docs_file) or problems.about(found.queries_file):
            continue
        if not rows:
            message = f"the {split} split has no judgement: add one or remove the file"
            problems.error("empty split", f"{file}: {message}")
        elif not judged[split] and not (strict or split in TRAINED):
            message = f"none of the {len(rows):,} judgements is of a document and query that are there"
            problems.error("empty split", f"{file}: {message}: is it of this corpus?")
    _check_labels(found, judged, problems)
    _check_marks(found, judged, problems)
    return judged


def _check_corpus(found: Collection, problems: Problems) -> None:
    if len(found.docs) < MIN_DOCS and not problems.about(found.docs_file or found.path):
        count = "no document" if not found.docs else "1 document"
        problems.error(
            "corpus size", f"{found.corpus_name}: {count}: training needs a corpus of {MIN_DOCS} or more"
        )


def _join_split(
    found: Collection, split: str, rows: list[Judgement], problems: Problems, strict: bool
) -> list[Judgement]:
    file, tell = found.files[split], problems.error if strict else problems.warn
    fate = "" if strict else f": left out of {split}"
    # An id that a line which cannot be read would have had is missing for that reason; so are all of an empty file.
    silent = {
        "query": not found.queries or problems.about(found.queries_file or found.path),
        "document": not found.docs or problems.about(found.docs_file or found.path),
    }
    kept: dict[tuple[str, str], Judgement] = {}
    for row in rows:
        known_query, known_doc = row.query in found.queries, row.doc in found.docs
        for what, key, known, where in (
            ()
            if known_query and known_doc
            else (
                ("query", row.query, known_query, "the queries"),
                ("document", row.doc, known_doc, "the corpus"),
            )
        ):
            if not known and not silent[what]:
                remedy = f": add it to {where} or remove the line" if strict else fate
                tell(f"dangling {what}", f"{file}:{row.line}: no {what} {shown(key)}{remedy}")
        if not (known_query and known_doc):
            continue
        first = kept.setdefault((row.query, row.doc), row)
        if first.grade != row.grade:
            pair = f"query {shown(row.query)}, document {shown(row.doc)}"
            problems.error(
                "contradiction",
                f"{file}:{row.line}: {pair} graded {row.grade}, at line {first.line} {first.grade}: keep one",
            )
        elif first is not row:
            problems.warn("repeated judgement", f"{file}:{row.line}: repeats line {first.line}: counted once")
    return list(kept.values())


def _check_labels(found: Collection, judged: dict[str, list[Judgement]], problems: Problems) -> None:
    """A training query needs a relevant document; elsewhere one without is left out of the measures."""
    for split, rows in judged.items():
        relevant = {row.query for row in rows if row.grade >= 1}
        lost = {
            row.query for row in found.judgements[split] if row.grade >= 1
        } - relevant  # said already, as dangling
        lines = {row.query: row.line for row in reversed(rows) if row.query not in relevant}
        for query, line in lines.items():
            message = f"{found.files[split]}:{line}: {split} query {shown(query)} has no relevant document"
            if split not in TRAINED:
                problems.warn("query without label", f"{message}: it is left out of the measures")
            elif query not in lost:
                remedy = "label one with a score of 1 or more, or remove its lines"
                problems.error("query without label", f"{message}: {remedy}")


def _check_marks(found: Collection, judged: dict[str, list[Judgement]], problems: Problems) -> None:
    """Clicks and wrong labels are marks on labels of train; anything else marked is a mistake."""
    labels = {(row.query, row.doc) for row in judged.get("train", []) if row.grade >= 1}
    for name, rows in ((CLICKS, found.clicks), (WRONG, found.wrong)):
        seen: set[tuple[str, str]] = set()
        for row in rows:
            pair = f"query {shown(row.query)}, document {shown(row.doc)}"
            where = f"{found.path / name}:{row.line}: {pair}"
            if (row.query, row.doc) not in labels:
                problems.error(
                    "mark without label", f"{where} is no label of train: judge it there, or remove the line"
                )
            elif (row.query, row.doc) in seen:
                problems.error("repeated mark", f"{where} stands there twice: keep one")
            seen.add((row.query, row.doc))
