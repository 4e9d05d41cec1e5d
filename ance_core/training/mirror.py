"""The mirrored problem: for each document that answers a training query, the queries it answers.

DANCE's dual objective asks of a document which query it belongs to. Seen from there, positives are queries and
so are negatives, and everything that ranks, draws and audits works as it is on these labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data import Labels
from ..samplers import QueryBatch
from .mining import owners


@dataclass(frozen=True)
class Mirror:
    """labels: `queries` are document rows, `docs` are positions in the problem's training queries.

    place: (M,) for each label of the problem, the position of the same pair in `labels`.
    """

    labels: Labels
    place: np.ndarray
    n_queries: int

    @classmethod
    def of(cls, labels: Labels) -> Mirror:
        """The mirror image of training labels."""
        owner = owners(labels)
        order = np.lexsort((owner, labels.docs))
        documents, first = np.unique(labels.docs[order], return_index=True)
        indptr = np.append(first, len(order)).astype(np.int64)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        own = None
        if labels.own is not None:  # the query that a document is
            query_of = dict(zip(labels.own.tolist(), range(len(labels)), strict=True))
            own = np.array([query_of.get(document, -1) for document in documents.tolist()], np.int32)
        mirrored = Labels(documents, indptr, owner[order].astype(np.int32), labels.grades[order], own)
        return cls(mirrored, place, len(labels.queries))

    def rows_of(self, rows: np.ndarray) -> np.ndarray:
        """Positions in `labels.queries`, ascending, of the documents that answer any of the training queries at `rows`."""
        hit = np.isin(self.labels.docs, rows)
        return np.unique(owners(self.labels)[hit])

    def batch(self, batch: QueryBatch) -> QueryBatch:
        """The same pairs, from the documents' side."""
        label = self.place[batch.label]
        rows = np.searchsorted(self.labels.indptr, label, side="right") - 1
        return QueryBatch(rows, label, self.labels, self.n_queries, batch.step)
