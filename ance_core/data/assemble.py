"""From a collection as read to a dataset: ids become rows, contradictions problems, absent splits are cut."""

from __future__ import annotations

from ..errors import DataError
from .collection import CLICKS, WRONG, Collection, Judgement
from .dataset import Dataset, Qrels
from .fingerprint import fingerprint
from .problems import Problems, shown
from .split_names import SPLITS, in_order
from .splits import carve_dev, split_all

MIN_DOCS = 2  # a negative needs a document that is not the positive


def assemble(found: Collection, problems: Problems, name: str, source: str = "") -> Dataset:
    """The dataset of a collection. DataError if reading or joining found anything that breaks training."""
    judged = join(found, problems)
    problems.raise_errors()
    judged, note = complete_splits(judged)
    doc_row = {key: row for row, key in enumerate(found.docs)}
    query_row = {key: row for row, key in enumerate(found.queries)}
    qrels = {
        split: Qrels.of(
            [query_row[j.query] for j in judged[split]],
            [doc_row[j.doc] for j in judged[split]],
            [j.grade for j in judged[split]],
        )
        for split in in_order(judged)
    }
    texts = list(found.docs), list(found.docs.values()), list(found.queries), list(found.queries.values())
    hidden = Qrels.of()
    origin = source or f"{found.format} {found.path}"
    clicks, wrong = (
        Qrels.of([query_row[j.query] for j in rows], [doc_row[j.doc] for j in rows], [j.grade for j in rows])
        for rows in (found.clicks, found.wrong)
    )
    digest = fingerprint(*texts, qrels, hidden, {"clicks": clicks, "wrong": wrong})
    return Dataset(name, *texts, qrels, hidden, digest, origin + note, clicks, wrong)


def join(found: Collection, problems: Problems) -> dict[str, list[Judgement]]:
    """Judgements by split, each pair once, dangling ones out. Everything contradictory goes to `problems`."""
    _check_corpus(found, problems)
    judged = {}
    for split, rows in found.judgements.items():
        judged[split] = _join_split(found, split, rows, problems)
        if not rows:
            problems.error(
                "empty split",
                f"{found.files[split]}: the {split} split has no judgement: add one or remove the file",
            )
    if "train" not in judged and len(judged) > 1:
        has = " and ".join(in_order(judged))
        problems.error(
            "no train split",
            f"{found.path}: only {has}: add a train split, a file with that name, or keep one file to have it split",
        )
    _check_labels(found, judged, problems)
    _check_marks(found, judged, problems)
    return judged


def _check_corpus(found: Collection, problems: Problems) -> None:
    if len(found.docs) < MIN_DOCS:
        count = "no document" if not found.docs else "1 document"
        problems.error(
            "corpus size", f"{found.corpus_name}: {count}: training needs a corpus of {MIN_DOCS} or more"
        )


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


def _join_split(found: Collection, split: str, rows: list[Judgement], problems: Problems) -> list[Judgement]:
    file = found.files[split]
    kept: dict[tuple[str, str], Judgement] = {}
    for row in rows:
        known_query, known_doc = row.query in found.queries, row.doc in found.docs
        if not known_query:
            problems.error(
                "dangling query",
                f"{file}:{row.line}: no query {shown(row.query)}: add it to the queries or remove the line",
            )
        if not known_doc:
            problems.error(
                "dangling document",
                f"{file}:{row.line}: no document {shown(row.doc)}: add it to the corpus or remove the line",
            )
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
        for query, line in {
            row.query: row.line for row in reversed(rows) if row.query not in relevant
        }.items():
            message = f"{found.files[split]}:{line}: {split} query {shown(query)} has no relevant document"
            if split in ("train", "all"):
                problems.error(
                    "query without label",
                    f"{message}: label one with a score of 1 or more, or remove its lines",
                )
            else:
                problems.warn("query without label", f"{message}: it is left out of the measures")


def complete_splits(judged: dict[str, list[Judgement]]) -> tuple[dict[str, list[Judgement]], str]:
    """(judgements with train and dev, what was done in words). One file that is not train is cut in three."""
    if "train" not in judged:
        ((only, rows),) = judged.items()
        where = split_all(row.query for row in rows)
        if len(where) < 3:
            raise DataError(
                f"{only} split: {len(where)} judged queries cannot make train, dev and test: add some"
            )
        parts = {split: [row for row in rows if where[row.query] == split] for split in SPLITS}
        return parts, f"; its one judgement file split into train, dev and test by query id ({only})"
    if "dev" in judged:
        return judged, ""
    train = judged["train"]
    chosen = carve_dev(row.query for row in train)
    if not chosen:
        raise DataError(
            "train split: 1 query, but a dev split has to be cut from it: add queries or a dev split"
        )
    dev = [row for row in train if row.query in chosen]
    rest = [row for row in train if row.query not in chosen]
    return {
        **judged,
        "train": rest,
        "dev": dev,
    }, f"; dev split ({len(chosen)} queries) cut from train by query id"
