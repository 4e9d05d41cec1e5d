"""What a sampler is: a stated distribution over documents for each query, and a way to draw from it.

A sampler has no state and no generator of its own. It is handed the queries of a batch, the pools in
force and uniforms in (0, 1), and answers with documents, ranks, scores and the probability it gives each
document. Because the uniforms come from (seed, purpose, step, query), a resumed or forked run draws the
same negatives; because the probabilities are stated, `samplers.audit` can check that they are true.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..data.dataset import Labels
from ..errors import ConfigError

SOURCES = ("random", "in-batch", "bm25", "static", "ann", "dual", "momentum", "lookahead", "given")
"""Where a negative can come from; the code in `Draw.sources` is the position in this tuple."""

_CELLS = 500_000  # probabilities held at a time: 4 MB


@dataclass(frozen=True)
class Pool:
    """Ranked candidate negatives of every training query, judged positives already out.

    docs: (Q, K) int32 document rows, best first, -1 past the end. scores: (Q, K) float32.
    label_scores: (M,) float32, the score of each label of `Labels.docs` under the same model.
    sources: (Q, K) uint8 codes into SOURCES. index_step: (Q,) int32 optimizer steps that the weights which
    ranked a query's candidates had seen, -1 where no weights did. log_weights: (Q, K) float32, or None for
    pools whose candidates all weigh the same until a sampler says otherwise.
    """

    docs: np.ndarray
    scores: np.ndarray
    label_scores: np.ndarray
    sources: np.ndarray
    index_step: np.ndarray
    log_weights: np.ndarray | None = None

    @classmethod
    def of(
        cls, docs: np.ndarray, scores: np.ndarray, label_scores: np.ndarray, source: str, index_step: int
    ) -> Pool:
        """A pool of one source, ranked by one set of weights (index_step -1: by none)."""
        sources = np.full(docs.shape, SOURCES.index(source), np.uint8)
        return cls(docs, scores, label_scores, sources, np.full(len(docs), index_step, np.int32))

    @cached_property
    def sizes(self) -> np.ndarray:
        """(Q,) candidates of each query."""
        return np.asarray((self.docs >= 0).sum(axis=1))

    @cached_property
    def memo(self) -> dict[str, Any]:
        """What a sampler computed from this pool, by name, so that each is computed once."""
        return {}


@dataclass(frozen=True)
class QueryBatch:
    """The queries of one step: positions in `labels.queries`, and the label each is trained towards.

    rows: (B,) int64. label: (B,) int64, positions in `labels.docs`. n_docs: documents in the corpus.
    step: updates done before this one.
    """

    rows: np.ndarray
    label: np.ndarray
    labels: Labels
    n_docs: int
    step: int = 0

    @property
    def positives(self) -> np.ndarray:
        """(B,) int32 document rows of the chosen labels."""
        return self.labels.docs[self.label]

    @cached_property
    def judged(self) -> np.ndarray:
        """(B, L) int64 judged positives of each query, and its own document, ascending, padded with n_docs."""
        indptr, docs = self.labels.excluded
        start, stop = indptr[self.rows], indptr[self.rows + 1]
        width = int((stop - start).max())
        cell = start[:, None] + np.arange(width)
        inside = cell < stop[:, None]
        padded = np.full(cell.shape, self.n_docs, np.int64)
        padded[inside] = docs[cell[inside]]
        return padded


@dataclass(frozen=True)
class Draw:
    """Negatives of a batch, shape (B, n); -1 in `docs` marks a slot with no negative.

    ranks: 0-based place in the pool, -1 if the source has no ranking. scores: when ranked, nan if never.
    positive_scores: of the chosen label under that same ranking, nan likewise. probability: as stated by the
    sampler, of this document for this query in a single draw. sources: codes into SOURCES. index_step: of the
    weights that ranked them, -1 if none did.
    """

    docs: np.ndarray
    ranks: np.ndarray
    scores: np.ndarray
    positive_scores: np.ndarray
    probability: np.ndarray
    sources: np.ndarray
    index_step: np.ndarray

    @classmethod
    def unranked(cls, docs: np.ndarray, probability: np.ndarray, source: str) -> Draw:
        """Of documents (B, n) that no model ranked for their query."""
        return cls(
            docs=docs.astype(np.int32),
            ranks=np.full(docs.shape, -1, np.int32),
            scores=np.full(docs.shape, np.nan, np.float32),
            positive_scores=np.full(docs.shape, np.nan, np.float32),
            probability=probability,
            sources=np.full(docs.shape, SOURCES.index(source), np.uint8),
            index_step=np.full(docs.shape, -1, np.int32),
        )


def effective_size(p: np.ndarray) -> np.ndarray:
    """(B,) 1 / sum p^2 of each row of probabilities, nan where all are 0."""
    squares = np.square(p).sum(axis=1)
    return np.asarray(np.where(squares > 0, 1.0 / np.where(squares > 0, squares, 1.0), np.nan))


class Sampler(ABC):
    """Base of the samplers. Subclasses are frozen dataclasses whose fields are the method's parameters."""

    name: ClassVar[str]
    citation: ClassVar[str]
    formula: ClassVar[str]
    uneven: ClassVar[bool] = False
    """Whether candidates differ in probability, so that the effective sample size says something."""

    @property
    def pools(self) -> tuple[str, ...]:
        """Names of the pools this sampler draws from."""
        return ()

    @abstractmethod
    def draw(self, batch: QueryBatch, pools: Mapping[str, Pool], n: int, uniforms: np.ndarray) -> Draw:
        """`n` different negatives for each query of the batch.

        uniforms: (B, >= uniforms_needed(n)) float64 in (0, 1).
        """

    @abstractmethod
    def probabilities(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B, n_docs) float64, rows summing to 1: the distribution of a single draw. For audits and probes."""

    def probability_of(self, batch: QueryBatch, pools: Mapping[str, Pool], docs: np.ndarray) -> np.ndarray:
        """(B, n) the stated probabilities of `docs` (B, n); faster than the whole row where a subclass says so."""
        return np.take_along_axis(self.probabilities(batch, pools), docs.astype(np.int64), axis=1)

    def probabilities_on(self, batch: QueryBatch, pools: Mapping[str, Pool], docs: np.ndarray) -> np.ndarray:
        """(B, U) the stated probability of each of `docs` (U,) for each query of the batch."""
        return self.probability_of(batch, pools, np.broadcast_to(docs, (len(batch.rows), len(docs))))

    def expected_draws(
        self, labels: Labels, n_docs: int, pools: Mapping[str, Pool], step: int = 0
    ) -> np.ndarray:
        """(n_docs,) how often each document comes when every training query draws once, towards any of its labels."""
        counts = np.diff(labels.indptr)
        owner = np.repeat(np.arange(len(counts)), counts)
        total = np.zeros(n_docs)
        rows = max(1, _CELLS // n_docs)
        for start in range(0, len(owner), rows):
            who = owner[start : start + rows]
            batch = QueryBatch(who, np.arange(start, start + len(who)), labels, n_docs, step)
            total += (self.probabilities(batch, pools) / counts[who, None]).sum(axis=0)
        return total

    def mass(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B,) 1 for each query that can draw, 0 for one without candidates."""
        return self.probabilities(batch, pools).sum(axis=1)

    def effective_sizes(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B,) effective sample size 1 / sum p^2: how many equally likely documents would be as diverse.

        nan for a query without candidates.
        """
        return effective_size(self.probabilities(batch, pools))

    def rank_probabilities(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray | None:
        """(B, K) of the candidates by their place in the ranking drawn from; None where no one ranking is drawn from."""
        return None

    def notes(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> str:
        """What follows from the pools in force and is not in the settings, one line; empty where nothing does."""
        return ""

    @abstractmethod
    def capacity(self, labels: Labels, n_docs: int) -> np.ndarray:
        """(Q,) most different documents that the settings and the corpus allow each training query."""

    def support(self, labels: Labels, n_docs: int, pools: Mapping[str, Pool]) -> np.ndarray:
        """(Q,) how many there are in the pools at hand; BM25 may find fewer than the settings allow."""
        return self.capacity(labels, n_docs)

    def uniforms_needed(self, n: int) -> int:
        """Columns of uniforms that `draw` consumes."""
        return n

    def parts(self, size: int, n: int) -> list[tuple[Sampler, slice]]:
        """The slots of a draw for `size` queries, by the sampler that states their probabilities."""
        return [(self, slice(0, n))]

    def slots(self, n: int) -> int:
        """How many negatives a query must be able to get when n are asked for."""
        return n

    def check(self, labels: Labels, n_docs: int, n: int) -> None:
        """Refuse, before any work, a draw larger than what some query can have. Raises ConfigError."""
        sizes = self.capacity(labels, n_docs)
        worst = int(sizes.argmin())
        if sizes[worst] < self.slots(n):
            short = int((sizes < self.slots(n)).sum())
            raise ConfigError(
                f"negatives.per_query: {self.slots(n)} asked of sampler '{self.name}', but {short} training "
                f"quer{'y has' if short == 1 else 'ies have'} fewer candidates (the least: {int(sizes[worst])}); "
                "lower negatives.per_query, raise negatives.pool_depth, or add documents"
            )
