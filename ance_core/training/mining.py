"""Building pools: rank the corpus for every training query, take the judged positives out, keep the top."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from ..data import Dataset, Labels
from ..data.passages import Passages
from ..errors import ConfigError
from ..retrieval import BM25, Ranking, build_index, search, without
from ..samplers import Pool


@dataclass
class MiningSeconds:
    """Where the time of a refresh went."""

    encode: float = 0.0
    index: float = 0.0
    search: float = 0.0

    @property
    def total(self) -> float:
        """All three."""
        return self.encode + self.index + self.search


@dataclass(frozen=True)
class Mined:
    """New pools by name, the seconds they took, and for how many queries they were ranked anew."""

    pools: dict[str, Pool]
    seconds: MiningSeconds = field(default_factory=MiningSeconds)
    queries: int = 0


def pool_width(labels: Labels, n_docs: int, depth: int) -> tuple[int, int]:
    """(how many to search for, how many to keep): enough that `depth` are left when the positives are out."""
    most = int(np.diff(labels.excluded[0]).max())
    return min(depth + most, n_docs), min(depth, n_docs)


def mine_bm25(dataset: Dataset, labels: Labels, depth: int) -> Pool:
    """Candidates of every training query by BM25; a label that BM25 does not return has score nan."""
    found, kept = pool_width(labels, len(dataset.docs), depth)
    ranking = BM25(dataset.docs).search([dataset.queries[q] for q in labels.queries], found)
    negatives = without(ranking, *labels.excluded, kept)
    return Pool.of(negatives.docs, negatives.scores, _listed_scores(ranking, labels), "bm25", -1)


def given_pool(dataset: Dataset, labels: Labels, depth: int) -> Pool:
    """The negatives that came with the files, in their order, the first `depth` of each training query; nothing is scored.

    ConfigError where no training query has any.
    """
    given = dataset.given
    place = np.searchsorted(labels.queries, given.queries)
    ours = np.append(labels.queries, -1)[place] == given.queries
    queries, documents = place[ours], given.docs[ours]
    nth = np.arange(len(queries)) - np.searchsorted(queries, queries)  # sorted by query
    if not len(queries):
        raise ConfigError(
            f"data: {dataset.name} gives no training query a negative, which source 'given' draws; choose another recipe, "
            "or files with negatives (docs/data.md)"
        )
    width = min(depth, int(nth.max()) + 1)
    kept = nth < width
    documents_of = np.full((len(labels), width), -1, np.int32)
    documents_of[queries[kept], nth[kept]] = documents[kept]
    blank = np.full(documents_of.shape, np.nan, np.float32)
    return Pool.of(documents_of, blank, np.full(len(labels.docs), np.nan, np.float32), "given", -1)


def owners(labels: Labels) -> np.ndarray:
    """(M,) position of the query that each label belongs to."""
    return np.repeat(np.arange(len(labels.queries)), np.diff(labels.indptr))


def _listed_scores(ranking: Ranking, labels: Labels) -> np.ndarray:
    owner = owners(labels)
    scores = np.full(len(labels.docs), np.nan, np.float32)
    for start in range(0, len(owner), 65_536):  # a comparison of (labels, K) at a time
        part = slice(start, start + 65_536)
        hit = ranking.docs[owner[part]] == labels.docs[part][:, None]
        found = hit.any(axis=1)
        scores[part][found] = ranking.scores[owner[part]][hit]
    return scores


def mine_dense(
    queries: np.ndarray,
    docs: np.ndarray,
    labels: Labels,
    *,
    depth: int,
    scale: float,
    source: str,
    index_step: int,
    seconds: MiningSeconds,
    keep_out: Labels | None = None,
    passages: Passages | None = None,
) -> Pool:
    """Candidates by inner product of embeddings; the time of indexing and searching is added to `seconds`.

    queries: (Q, D) float32 embeddings of `labels.queries`. docs: (N, D). scale: what inner products are
    multiplied by to become scores. keep_out: what may not be a negative; all of `labels` if None. passages: what
    `docs` are the vectors of, where a document has several.
    """
    keep_out = keep_out or labels
    start = time.perf_counter()
    index = build_index(docs)
    indexed = time.perf_counter()
    found, kept = pool_width(labels, len(docs if passages is None else passages), depth)
    ranking = search(index, queries, found, passages)
    negatives = without(ranking, *keep_out.excluded, kept)
    label_scores = label_products(queries, docs, labels, passages) * np.float32(scale)
    seconds.index += indexed - start
    seconds.search += time.perf_counter() - indexed
    return Pool.of(negatives.docs, negatives.scores * np.float32(scale), label_scores, source, index_step)


def label_products(
    queries: np.ndarray, docs: np.ndarray, labels: Labels, passages: Passages | None
) -> np.ndarray:
    """(M,) float32 inner product of each label's document, of its best passage, with the query."""
    if passages is None:
        return np.einsum("md,md->m", queries[owners(labels)], docs[labels.docs])
    rows, place = passages.expand(labels.docs)
    owner = np.repeat(owners(labels), np.diff(passages.starts)[labels.docs])
    return np.einsum("rd,rd->r", queries[owner], docs[rows])[place].max(axis=1)
