"""What is in a collection and what is wrong with it, without stopping at the first problem.

The same readers as `load_dataset`, so what this calls an error is what training would refuse.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from ..reading import ReadingConfig
from .assemble import PLAIN, complete_splits, given_negatives
from .collection import Collection, Judgement
from .dataset import no_train
from .declared import NOTHING, Declared, read_declared
from .duplicates import copies, fold, folded
from .duplicates import report as report_duplicates
from .embedded import locate
from .formats import read_collection
from .joining import join
from .own_documents import own_documents
from .problems import Problem, Problems, shown
from .split_names import in_order

BINS = (0, 5, 10, 20, 50, 100, 200, 500, 1000)  # words; the last bin is open


@dataclass(frozen=True)
class SplitCounts:
    """One split: judged queries, those with a relevant document, and pairs by what they say."""

    queries: int
    labelled_queries: int
    relevant_pairs: int
    other_pairs: int


@dataclass(frozen=True)
class Lengths:
    """Words a text: how many texts fall in each of `BINS`, and the median, 95th percentile and longest."""

    counts: list[int]
    median: int
    p95: int
    longest: int


@dataclass
class CheckReport:
    """The result of `check_dataset`. `errors` would break training, `warnings` would not."""

    name: str
    where: str
    format: str
    documents: int
    queries: int
    splits: dict[str, SplitCounts]
    split_note: str
    document_lengths: Lengths | None
    query_lengths: Lengths | None
    unjudged_queries: int
    duplicate_passages: int
    empty_passages: int
    given_negatives: int = 0
    declared: Declared = NOTHING
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether training could start."""
        return not self.errors

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, ready for JSON."""
        from dataclasses import asdict

        return {**asdict(self), "ok": self.ok, "length_bins": list(BINS)}


def check_dataset(name_or_path: str | Path, reading: ReadingConfig = PLAIN) -> CheckReport:
    """Read everything and report everything. DataError only if there is nothing to read at that place."""
    place = locate(name_or_path)
    problems = Problems()
    found = read_collection(place.where, problems, reading.columns)
    declared = read_declared(name_or_path, problems)
    moved = copies(found) if reading.fold else {}
    note = fold(found, problems) if reading.fold else ""
    judged = join(found, problems, reading.strict)
    if judged and not problems.errors:
        try:
            judged, cut = complete_splits(judged)
            note += cut
        except DataError as error:
            problems.error("splits", str(error))
        if "train" not in judged and not problems.errors:
            problems.error("no train split", f"{found.path}: {no_train(in_order(judged))}")
    own = own_documents(found, judged, reading.ignore_identical_ids, moved)
    if own.note:
        problems.warn("own documents", own.note)
    given = given_negatives(found, judged, problems)
    _warn_of_leakage(found, judged, problems)
    return CheckReport(
        name=place.name,
        where=str(place.where),
        format=found.format,
        documents=len(found.docs),
        queries=len(found.queries),
        splits={split: _counts(judged[split]) for split in in_order(judged)},
        split_note=note.removeprefix("; "),
        document_lengths=_lengths(found.docs),
        query_lengths=_lengths(found.queries),
        unjudged_queries=len(found.queries.keys() - {row.query for rows in judged.values() for row in rows}),
        duplicate_passages=report_duplicates(found, judged, problems),
        empty_passages=sum(not text for text in found.docs.values()),
        given_negatives=sum(map(len, given.values())),
        declared=declared,
        errors=problems.errors,
        warnings=problems.warnings,
    )


def _counts(rows: list[Judgement]) -> SplitCounts:
    relevant = [row for row in rows if row.grade >= 1]
    return SplitCounts(
        queries=len({row.query for row in rows}),
        labelled_queries=len({row.query for row in relevant}),
        relevant_pairs=len(relevant),
        other_pairs=len(rows) - len(relevant),
    )


def _lengths(texts: dict[str, str]) -> Lengths | None:
    if not texts:
        return None
    words = np.array([len(text.split()) for text in texts.values()])
    counts, _ = np.histogram(words, bins=[*BINS, np.inf])
    return Lengths(counts.tolist(), int(np.median(words)), int(np.percentile(words, 95)), int(words.max()))


def _warn_of_leakage(found: Collection, judged: dict[str, list[Judgement]], problems: Problems) -> None:
    """Queries, by id or by text, in two splits, and answers of other splits that are training labels."""
    home: dict[str, tuple[str, str]] = {}  # folded query text -> (split, query id)
    for split in in_order(judged):
        for query in dict.fromkeys(row.query for row in judged[split]):
            other, other_id = home.setdefault(folded(found.queries[query]), (split, query))
            if other == split:
                continue
            if other_id == query:
                message = f"query {shown(query)} is in {other} and in {split}: keep it in one"
                problems.warn("query in two splits", f"{found.path}: {message}")
            else:
                message = (
                    f"{other} query {shown(other_id)} and {split} query {shown(query)} have the same text"
                )
                problems.warn("text in two splits", f"{found.path}: {message}: keep one")
    trained = {row.doc for row in judged.get("train", []) if row.grade >= 1}
    for split in in_order(judged.keys() - {"train"}):
        for row in judged[split]:
            if row.grade >= 1 and row.doc in trained:
                message = f"document {shown(row.doc)} answers {split} query {shown(row.query)} and is a training label"
                problems.warn(
                    f"{split} answer in training",
                    f"{found.path}: {message}: usual where queries share documents",
                )
