"""A snapshot as a space in which pairs can be scored: what the model of that step thought, without loading it.

A snapshot holds a fixed sample of documents and of training queries. Pairs outside it have no score (nan). The
sample does not depend on what was drawn, so shares over the pairs inside estimate those over all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...data.passages import Passages

_CELLS = 4_000_000  # numbers gathered at a time: 16 MB


@dataclass(frozen=True, eq=False)
class Space:
    """queries: (q, D) float32, of the dataset's rows query_rows (q,), ascending. documents (d, D), document_rows alike.

    scale: what inner products are multiplied by. n_docs: documents in the corpus, of which d are here. Where documents
    have several passages, `documents` holds the first of each, `passages` (p, D) all of them, as `spans` says.
    """

    step: int
    queries: np.ndarray
    query_rows: np.ndarray
    documents: np.ndarray
    document_rows: np.ndarray
    scale: float
    n_docs: int
    passages: np.ndarray | None = None
    spans: Passages | None = None

    @classmethod
    def of(cls, step: int, arrays: Mapping[str, np.ndarray], scale: float, n_docs: int) -> Space:
        """From the arrays of a snapshot (`Run.snapshot`)."""
        several = "passages" in arrays
        return cls(
            step,
            np.asarray(arrays["queries"], np.float32),
            np.asarray(arrays["query_rows"]),
            np.asarray(arrays["documents"], np.float32),
            np.asarray(arrays["document_rows"]),
            scale,
            n_docs,
            np.asarray(arrays["passages"], np.float32) if several else None,
            Passages(np.asarray(arrays["passage_starts"])) if several else None,
        )

    @property
    def share(self) -> float:
        """Documents in the sample, of all."""
        return len(self.document_rows) / max(self.n_docs, 1)

    @property
    def finite(self) -> bool:
        """Whether every vector is."""
        return bool(np.isfinite(self.queries).all() and np.isfinite(self.documents).all())

    def fewer(self, most: int = 500) -> Space:
        """With at most so many queries, evenly spaced over their rows: what is measured for each query costs less."""
        if len(self.query_rows) <= most:
            return self
        rows = np.linspace(0, len(self.query_rows) - 1, most).round().astype(np.int64)
        return replace(self, queries=self.queries[rows], query_rows=self.query_rows[rows])

    @cached_property
    def scores(self) -> np.ndarray:
        """(q, d) float32 of every query with every document of the sample."""
        if self.passages is not None and self.spans is not None:
            return self.spans.best(self.queries @ self.passages.T * np.float32(self.scale))
        return np.asarray(self.queries @ self.documents.T * np.float32(self.scale))

    def query_at(self, rows: np.ndarray) -> np.ndarray:
        """(n,) places of dataset rows in `queries`, -1 for those outside the sample."""
        return _places(self.query_rows, rows)

    def document_at(self, rows: np.ndarray) -> np.ndarray:
        """(n,) places of dataset rows in `documents`, -1 for those outside the sample."""
        return _places(self.document_rows, rows)

    def score(self, query: np.ndarray, document: np.ndarray) -> np.ndarray:
        """(n,) float32 scores of pairs of dataset rows, nan where one of them is outside the sample."""
        q, d = self.query_at(query), self.document_at(document)
        inside = np.nonzero((q >= 0) & (d >= 0))[0]
        scores = np.full(len(query), np.nan, np.float32)
        size = max(1, _CELLS // max(1, self.queries.shape[1]))
        for start in range(0, len(inside), size):
            part = inside[start : start + size]
            if self.passages is not None and self.spans is not None:
                rows, place = self.spans.expand(d[part])
                owner = np.repeat(q[part], np.diff(self.spans.starts)[d[part]])
                products = np.einsum("nd,nd->n", self.queries[owner], self.passages[rows])
                scores[part] = products[place].max(axis=1)
            else:
                scores[part] = np.einsum("nd,nd->n", self.queries[q[part]], self.documents[d[part]])
        return scores * np.float32(self.scale)


def _places(rows: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    at = np.searchsorted(rows, wanted)
    at = np.minimum(at, max(len(rows) - 1, 0))
    found = rows[at] == wanted if len(rows) else np.zeros(len(wanted), bool)
    return np.where(found, at, -1)
