"""Dense search: document embeddings in a faiss index, the best inner products for each query.

`flat` compares with every document and is exact. On two cores, 8,465 queries on 2,067 documents of 128
dimensions take 0.15 s for the best 210, and a query on 10^5 documents 0.15 ms. (A matrix product and a partition
of its rows take 0.09 s and 0.75 ms: not worth a second way of searching.) `hnsw` and `ivf` trade recall for
speed; both are for embeddings of about equal length, for which the nearest document is also the best one.

All three return equal scores in document order; only `flat` also guarantees which of several equally good
documents make the cut.

Searches use every core, unless `use_search_threads` or OMP_NUM_THREADS says fewer. `flat` shares out blocks of queries
and searches each on one thread, so that the scores are the same to the bit whatever the number of threads; a matrix
product that shares itself out is not. faiss's own number of threads is left alone: torch may run on the same OpenMP.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import faiss
import numpy as np

from ..data.passages import Passages
from ..errors import ConfigError, TrainingError, nearest
from .ranking import Ranking, best_distinct, block_rows, sort_ties

KINDS: dict[str, dict[str, str]] = {
    "flat": {},
    "hnsw": {
        "neighbours": "links a document keeps in the graph (faiss: M); default 32",
        "build_width": "candidates looked at when a document is linked (efConstruction); default 80",
        "search_width": "candidates looked at in a search (efSearch), at least k; default 128",
    },
    "ivf": {
        "lists": "cells the space is cut into (nlist); default the square root of the number of documents",
        "probes": "cells looked at in a search (nprobe); default a quarter of the lists",
    },
}
"""Kinds of index and their parameters; all are whole numbers from 1 up."""

_chosen_threads: list[int] = []  # the last is in force; a property of the process, as torch's number is
BLOCK = 1024  # queries searched by one thread at a time: faiss is twice as slow on 512, and four cores want four blocks


def use_search_threads(count: int) -> None:
    """Searches of this process run on `count` threads from now on."""
    _chosen_threads[:] = [count]


def search_threads() -> int:
    """Threads of a search: as chosen, else every core that OMP_NUM_THREADS allows."""
    return _chosen_threads[0] if _chosen_threads else faiss.omp_get_max_threads()


def build_index(embeddings: np.ndarray, kind: str = "flat", seed: int = 0, **params: int) -> faiss.Index:
    """A faiss index over `embeddings` (N, D) float32 for search by inner product.

    kind:   "flat", "hnsw" or "ivf"; its `params` are those of KINDS
    seed:   of the levels of the hnsw graph and the starting cells of ivf; same seed, same index

    Raises ConfigError on an unknown kind or parameter or one out of range, TrainingError on embeddings that
    are not finite.
    """
    embeddings = _checked(embeddings, "document")
    if len(embeddings) == 0:
        raise ConfigError("embeddings: none to index: give a corpus with at least one document")
    _check_params(kind, params)
    builders = {"flat": _flat, "hnsw": _hnsw, "ivf": _ivf}
    return builders[kind](embeddings, seed, **params)


def search(index: faiss.Index, queries: np.ndarray, k: int, passages: Passages | None = None) -> Ranking:
    """The k best documents for each of `queries` (Q, D) float32, as a (Q, k) Ranking.

    passages: what the index holds where a document has several vectors; its score is then the best of theirs.

    Raises ConfigError when the queries have another dimension than the index, TrainingError when they are not
    finite.
    """
    queries = _checked(queries, "query")
    if queries.shape[1] != index.d:
        raise ConfigError(
            f"queries: dimension {queries.shape[1]}, index {index.d}: encode both with one model"
        )
    if passages is not None:
        return _search_passages(index, queries, k, passages)
    if len(queries) == 0 or k == 0:
        return Ranking(
            np.full((len(queries), k), -1, np.int32), np.full((len(queries), k), -np.inf, np.float32)
        )
    if isinstance(index, faiss.IndexFlat):
        found = _search_exact(index, queries, k, min(k + 1, index.ntotal))
    else:
        with _threads(search_threads()):
            found = _search(index, queries, min(k, index.ntotal))
    missing = k - found.docs.shape[1]
    return Ranking(
        np.pad(found.docs, ((0, 0), (0, missing)), constant_values=-1),
        np.pad(found.scores, ((0, 0), (0, missing)), constant_values=-np.inf),
    )


def _search_passages(index: faiss.Index, queries: np.ndarray, k: int, passages: Passages) -> Ranking:
    """The documents of the k * m best passages: m the most a document has, so that k different ones are among them."""
    found = Ranking(np.empty((len(queries), k), np.int32), np.empty((len(queries), k), np.float32))
    wide = k * passages.most
    for start in range(0, len(queries), block_rows(wide)):
        block = slice(start, start + block_rows(wide))
        docs, scores = search(index, queries[block], wide)
        docs = np.where(docs >= 0, passages.document[docs], -1)
        found.docs[block], found.scores[block] = best_distinct(docs, scores, k)
    return found


def _search(index: faiss.Index, queries: np.ndarray, k: int) -> Ranking:
    scores, docs = index.search(queries, k, params=_search_params(index, k))
    scores[docs < 0] = -np.inf
    return sort_ties(Ranking(docs.astype(np.int32), scores))


def _search_blocks(index: faiss.IndexFlat, queries: np.ndarray, k: int) -> Ranking:
    """`_search` of a block of queries after the other, each on one thread, several blocks at a time."""
    blocks = [queries[start : start + BLOCK] for start in range(0, len(queries), BLOCK)]

    def one(block: np.ndarray) -> Ranking:
        faiss.omp_set_num_threads(1)  # holds for the calling thread alone
        return _search(index, block, k)

    with ThreadPoolExecutor(min(search_threads(), len(blocks))) as pool:
        found = list(pool.map(one, blocks))
    return Ranking(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _search_params(index: faiss.Index, k: int) -> Any:
    if isinstance(index, faiss.IndexHNSW):  # the graph search cannot return more than it looks at
        return faiss.SearchParametersHNSW(  # type: ignore[attr-defined]
            efSearch=max(index.hnsw.efSearch, k)
        )
    return None


def _search_exact(index: faiss.IndexFlat, queries: np.ndarray, k: int, depth: int) -> Ranking:
    """The k best of `depth` > k found; where the k-th ties with the last one found, look further.

    faiss keeps an arbitrary few of several documents that tie at the last place.
    """
    found = _search_blocks(index, queries, depth)
    best = Ranking(found.docs[:, :k].copy(), found.scores[:, :k].copy())
    if depth < index.ntotal:
        unsure = np.flatnonzero(found.scores[:, k - 1] == found.scores[:, -1])
        if unsure.size:
            deeper = _search_exact(index, queries[unsure], k, min(2 * depth, index.ntotal))
            best.docs[unsure], best.scores[unsure] = deeper
    return best


def _flat(embeddings: np.ndarray, seed: int) -> faiss.Index:
    index = faiss.IndexFlatIP(embeddings.shape[1])
    index.add(embeddings)
    return index


def _hnsw(
    embeddings: np.ndarray, seed: int, neighbours: int = 32, build_width: int = 80, search_width: int = 128
) -> faiss.Index:
    index = faiss.IndexHNSWFlat(embeddings.shape[1], neighbours, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.rng = faiss.RandomGenerator(seed)  # type: ignore[attr-defined]
    index.hnsw.efConstruction = build_width
    index.hnsw.efSearch = search_width
    with _threads(1):  # with more, the links depend on which thread came first
        index.add(embeddings)
    return index


def _ivf(
    embeddings: np.ndarray, seed: int, lists: int | None = None, probes: int | None = None
) -> faiss.Index:
    n, dim = embeddings.shape
    lists = lists or max(1, round(n**0.5))
    if lists > n:
        raise ConfigError(
            f"lists: {lists} cells for {n} documents: lower it to at most {n}, or use kind 'flat'"
        )
    probes = probes or -(-lists // 4)
    if probes > lists:
        raise ConfigError(f"probes: {probes} of {lists} cells: lower it to at most {lists}")
    quantizer = faiss.IndexFlatIP(dim)
    index = faiss.IndexIVFFlat(quantizer, dim, lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = seed
    index.cp.min_points_per_centroid = 1  # few documents a cell are fine here; faiss would warn on stderr
    index.nprobe = probes
    with _threads(search_threads()):
        index.train(embeddings)
        index.add(embeddings)
    return index


def _check_params(kind: str, params: dict[str, int]) -> None:
    if kind not in KINDS:
        raise ConfigError(f"kind: no index {kind!r}{nearest(kind, KINDS)}")
    for name, value in params.items():
        if name not in KINDS[kind]:
            raise ConfigError(f"{name}: no parameter of index '{kind}'{nearest(name, KINDS[kind])}")
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"{name}: {value!r} given: a whole number from 1 up is needed")


def _checked(embeddings: np.ndarray, side: str) -> np.ndarray:
    embeddings = np.ascontiguousarray(embeddings, np.float32)
    if embeddings.ndim != 2:
        raise ConfigError(
            f"embeddings: shape {embeddings.shape}: one row a {side} is needed, (number, dimension)"
        )
    if not np.isfinite(embeddings).all():
        row = int(np.flatnonzero(~np.isfinite(embeddings).all(axis=1))[0])
        raise TrainingError(f"{side} {row}: its embedding is not finite: lower the learning rate")
    return embeddings


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
