"""A dataset: corpus, queries, and relevance judgements by split, with ids as rows.

Everything after reading works on rows (int32) into `Dataset.docs` and `Dataset.queries`; ids appear again
only where something is shown or written. All arrays are read-only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..errors import DataError
from .declaration import NOTHING, Declared


def _frozen(values: Iterable[int] | np.ndarray, dtype: type) -> np.ndarray:
    array: np.ndarray = np.array(values if isinstance(values, np.ndarray) else list(values), dtype=dtype)
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Labels:
    """The relevant documents of each query that has one: query i has `docs[indptr[i]:indptr[i + 1]]`."""

    queries: np.ndarray  # (Q,) int32, rows into Dataset.queries, ascending
    indptr: np.ndarray  # (Q + 1,) int64
    docs: np.ndarray  # (M,) int32, rows into Dataset.docs, ascending within a query
    grades: np.ndarray  # (M,) int16, all >= 1
    own: np.ndarray | None = (
        None  # (Q,) int32, the document that is the query itself, -1 where none is; None: none is
    )

    def __len__(self) -> int:
        return len(self.queries)

    @cached_property
    def excluded(self) -> tuple[np.ndarray, np.ndarray]:
        """(indptr (Q + 1,), docs), grouped as labels are: no negatives of a query, its labels and its own document."""
        if self.own is None or not (self.own >= 0).any():
            return self.indptr, self.docs
        rows = np.flatnonzero(self.own >= 0)
        owner = np.concatenate([np.repeat(np.arange(len(self)), self.counts()), rows])
        docs = np.concatenate([self.docs, self.own[rows]])
        order = np.lexsort((docs, owner))
        counts = np.bincount(owner, minlength=len(self))
        return np.concatenate([[0], np.cumsum(counts)]), docs[order]

    def of(self, i: int) -> np.ndarray:
        """Document rows (int32) relevant to the i-th query of `queries`, ascending."""
        return self.docs[self.indptr[i] : self.indptr[i + 1]]

    def counts(self) -> np.ndarray:
        """Relevant documents of each query, shape (Q,), int64, all >= 1."""
        return np.diff(self.indptr)

    def positions(self, rows: np.ndarray) -> np.ndarray:
        """Positions in `docs` (int64) of all labels of the queries at `rows` (positions in `queries`), in their order."""
        counts = np.diff(self.indptr)[rows]
        start = np.repeat(self.indptr[rows] - np.cumsum(counts) + counts, counts)
        return np.asarray(start + np.arange(len(start)))

    def take(self, rows: np.ndarray) -> Labels:
        """The labels of the queries at `rows` (ascending positions in `queries`)."""
        at = self.positions(rows)
        indptr = np.concatenate([[0], np.cumsum(np.diff(self.indptr)[rows])])
        own = None if self.own is None else self.own[rows]
        return Labels(self.queries[rows], indptr, self.docs[at], self.grades[at], own)


@dataclass(frozen=True, eq=False)
class Qrels:
    """Judgements of one split, sorted by (query, document), each pair once. Build with `Qrels.of`."""

    queries: np.ndarray  # (M,) int32, rows into Dataset.queries
    docs: np.ndarray  # (M,) int32, rows into Dataset.docs
    grades: np.ndarray  # (M,) int16; >= 1 relevant, <= 0 judged not relevant

    @classmethod
    def of(
        cls,
        queries: Iterable[int] | np.ndarray = (),
        docs: Iterable[int] | np.ndarray = (),
        grades: Iterable[int] | np.ndarray = (),
    ) -> Qrels:
        """Judgements in any order. ValueError where a (query, document) pair occurs twice."""
        q, d, g = _frozen(queries, np.int32), _frozen(docs, np.int32), _frozen(grades, np.int16)
        order = np.lexsort((d, q))
        q, d, g = q[order], d[order], g[order]
        if np.any((q[1:] == q[:-1]) & (d[1:] == d[:-1])):
            raise ValueError("a (query, document) pair is judged twice")
        return cls(_frozen(q, np.int32), _frozen(d, np.int32), _frozen(g, np.int16))

    def __len__(self) -> int:
        return len(self.queries)

    def take(self, keep: np.ndarray) -> Qrels:
        """The judgements chosen by a boolean mask, shape (M,), in the same order."""
        return Qrels(
            _frozen(self.queries[keep], np.int32),
            _frozen(self.docs[keep], np.int32),
            _frozen(self.grades[keep], np.int16),
        )

    def among(self, others: Qrels) -> np.ndarray:
        """Whether each (query, document) is one of `others`; (M,) bool."""
        width = np.int64(1) << 32
        keys = [part.queries.astype(np.int64) * width + part.docs for part in (self, others)]
        return np.isin(*keys)

    def relevant(self) -> Qrels:
        """The judgements of grade >= 1."""
        return self.take(self.grades >= 1)

    def labels(self) -> Labels:
        """Relevant pairs grouped by query; queries without one are left out."""
        kept = self.relevant()
        queries, first = np.unique(kept.queries, return_index=True)
        indptr = np.append(first, len(kept))
        return Labels(_frozen(queries, np.int32), _frozen(indptr, np.int64), kept.docs, kept.grades)


@dataclass(frozen=True)
class Built:
    """Which copy of a built collection a dataset is: its name, its fingerprint before masking, what made it."""

    name: str
    fingerprint: str
    versions: dict[str, str]


NO_PAIRS = Qrels.of()


def no_train(splits: list[str]) -> str:
    """What is said of a dataset with these splits and no train split."""
    has = ", ".join(splits)
    return (
        f"no train split, only {has}, so it can be measured (ance eval RUN --data) and not trained on: add a judgement "
        "file for train, or call a single one all.tsv to have it cut into train, dev and test"
    )


@dataclass(frozen=True, eq=False)
class Dataset:
    """Corpus, queries and judgements, made by `load_dataset` and identified by `fingerprint`."""

    name: str
    doc_ids: list[str]
    docs: list[str]  # title and text joined
    query_ids: list[str]
    queries: list[str]
    qrels: dict[str, Qrels]  # by split: train, dev, test, then others by name; any may be absent
    hidden: Qrels  # positives withheld from training by label masking; empty without masking
    fingerprint: str  # 16 hex digits of the contents, not of name or path; masking changes it
    source: str  # one line: where it came from and how it was split
    clicks: Qrels = NO_PAIRS  # training labels that masking keeps first, such as what a user clicked
    wrong: Qrels = NO_PAIRS  # training labels known to be wrong
    given: Qrels = (
        NO_PAIRS  # negatives that came with the files; within a query in their order, not by document
    )
    own: Qrels = NO_PAIRS  # (query, document of the query's id) pairs that are neither ranked nor drawn
    declared: Declared = NOTHING  # what its collection says of itself; changes nothing here
    built: Built | None = None  # of a collection that is built, which copy of it this is

    @property
    def marks(self) -> dict[str, Qrels]:
        """What else training and measures follow, by name, for the fingerprint."""
        return {"clicks": self.clicks, "wrong": self.wrong, "given": self.given, "own": self.own}

    def split(self, name: str) -> Qrels:
        """The judgements of a split. DataError with the splits there are if it is absent or empty."""
        found = self.qrels.get(name)
        if found is None or not len(found):
            has = ", ".join(s for s in self.qrels if len(self.qrels[s])) or "none"
            if name == "train" and self.qrels:
                raise DataError(f"{self.name}: {no_train(list(self.qrels))}")
            raise DataError(
                f"{self.name}: no {name!r} split; it has {has}: choose one, or add a qrels file for it"
            )
        return found

    def own_of(self, queries: np.ndarray) -> np.ndarray:
        """(Q,) int32 the document that each of `queries` is itself, which is neither ranked nor drawn for it; -1: none."""
        documents = np.full(len(self.queries), -1, np.int32)
        documents[self.own.queries] = self.own.docs
        return documents[queries]

    def labels(self, judged: Qrels) -> Labels:
        """The labels of some of its judgements, with what is left out of their queries' rankings and negatives."""
        labels = judged.labels()
        return replace(labels, own=self.own_of(labels.queries)) if len(self.own) else labels

    def __repr__(self) -> str:
        splits = ", ".join(f"{name} {len(np.unique(q.queries)):,} queries" for name, q in self.qrels.items())
        return (
            f"Dataset({self.name!r}, {len(self.docs):,} documents, {splits}, fingerprint {self.fingerprint})"
        )
