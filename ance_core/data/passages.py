"""Which passages of a token store make up which document: what FirstP and MaxP differ in.

FirstP reads the beginning of a document, as much as the encoder takes. MaxP cuts a document into passages of that
length, gives each a vector of its own, and scores it by its best passage (Dai and Callan 2019; Xiong et al. 2021,
section 5: up to four passages of 512 tokens). Documents keep their rows; only stores and vectors are by passage.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Passages:
    """Document i has the passages `starts[i]` to `starts[i + 1] - 1`, at least one; `starts` is (N + 1,) int64."""

    starts: np.ndarray

    def __len__(self) -> int:
        """Documents."""
        return len(self.starts) - 1

    @property
    def most(self) -> int:
        """The largest number of passages that a document has; 1 where there is no document."""
        return int(np.diff(self.starts).max(initial=1))

    @cached_property
    def document(self) -> np.ndarray:
        """(P,) int32, the document of each passage."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.starts))

    def best(self, scores: np.ndarray) -> np.ndarray:
        """(Q, N) the highest of each document's passages, from scores (Q, P) of all passages."""
        return np.maximum.reduceat(scores, self.starts[:-1], axis=1)

    def expand(self, docs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The passages (R,) int64 of documents `docs` (U,) end to end, and where each document's stand among them.

        The second is (U, m) int64 with m the most passages of one of them; a shorter row repeats its first passage,
        which changes no maximum.
        """
        starts = self.starts[docs]
        counts = self.starts[np.asarray(docs) + 1] - starts
        begin = np.cumsum(counts) - counts  # (U,) where each document's passages begin in the result
        rows = np.arange(counts.sum()) + np.repeat(starts - begin, counts)
        place = np.arange(counts.max(initial=1))
        return rows, begin[:, None] + np.where(place < counts[:, None], place, 0)
