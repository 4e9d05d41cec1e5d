"""ANCE-Tele's pools: the model's own ranking, joined by where it was and where it may go.

    pool_t = ANN_t  u  lookahead_t  u  momentum_t            masses 1 : beta : alpha

- ANN_t: top K of the query's embedding, as in ANCE.
- lookahead_t: top K of the positive document's embedding, by inner product with the other documents. Training
  moves a query towards its positive, so these are what the query will soon meet. With several positives a
  document counts with the nearest of them.
- momentum_t: K candidates of the pool before, drawn by its weights without replacement, so that older episodes
  fade and a pool never grows. The first pools have none.

Each source shares its mass evenly among its candidates. A document of several sources gets the sum, stands in the
pool once, and is labelled by the source that gives it most (of equals, the first in the order above). Judged
positives are in none. Sun et al. 2022; the authors' code concatenates samples of the three lists
without weights, duplicates in, and carries the whole pool along (preprocess/combine_marco_negative.py:53).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..data import Labels
from ..retrieval import Ranking, build_index, search, without
from ..retrieval.ranking import best_distinct, block_rows, top_k
from ..rng import keyed_uniforms
from ..samplers import SOURCES, Pool
from .mining import owners, pool_width


@dataclass(frozen=True)
class Source:
    """Candidates (Q, K) int32, -1 padded, different within a row; the mass they share; their name in SOURCES."""

    docs: np.ndarray
    mass: float
    name: str


def sources_of(alpha: float, beta: float) -> int:
    """How many sources have any mass."""
    return 1 + (alpha > 0) + (beta > 0)


def teleport(
    ann: Pool,
    previous: Pool | None,
    rows: np.ndarray,
    queries: np.ndarray,
    docs: np.ndarray,
    labels: Labels,
    *,
    alpha: float,
    beta: float,
    depth: int,
    scale: float,
    seed: int,
    step: int,
) -> Pool:
    """The pool of `ann`'s queries: (Q, sources * depth) candidates, ranked by the current model, with log weights.

    previous: the last pool of all queries, those of `ann` at `rows` in it; None at first. queries (Q, D) and docs
    (N, D) float32: embeddings.
    alpha, beta: mass of the momentum and of the lookahead candidates, for a mass of 1 of the ANN's.
    """
    sources = [Source(ann.docs, 1.0, "ann")]
    if beta > 0:
        sources.append(Source(lookahead(docs, labels, depth), beta, "lookahead"))
    if alpha > 0 and previous is not None:
        sources.append(Source(momentum(previous, rows, labels, depth, seed, step), alpha, "momentum"))
    found, mass, codes = merge(sources)
    scores = score_cells(queries, docs, found) * np.float32(scale)
    best = top_k(np.where(found >= 0, scores, -np.inf), sources_of(alpha, beta) * depth)
    filled = best.docs >= 0
    at = np.maximum(best.docs, 0).astype(np.int64)
    with np.errstate(divide="ignore"):
        log_weights = np.log(np.where(filled, np.take_along_axis(mass, at, axis=1), 0.0)).astype(np.float32)
    return replace(
        ann,
        docs=np.where(filled, np.take_along_axis(found, at, axis=1), -1),
        scores=best.scores,
        sources=np.where(filled, np.take_along_axis(codes, at, axis=1), 0).astype(np.uint8),
        log_weights=log_weights,
    )


def lookahead(docs: np.ndarray, labels: Labels, depth: int) -> np.ndarray:
    """(Q, depth) int32 the neighbours of each query's positive documents, judged positives out, nearest first."""
    wide, kept = pool_width(labels, len(docs), depth)
    positives, of_label = np.unique(labels.docs, return_inverse=True)
    near = search(build_index(docs), docs[positives], wide)
    owner, most = owners(labels), int(np.diff(labels.indptr).max())
    nth = np.arange(len(owner)) - labels.indptr[owner]  # of its query's labels
    out_indptr, out_docs = labels.excluded
    result = np.full((len(labels.queries), depth), -1, np.int32)
    for start in range(0, len(result), block_rows(most * wide)):
        stop = min(start + block_rows(most * wide), len(result))
        part = slice(labels.indptr[start], labels.indptr[stop])
        left_out = slice(out_indptr[start], out_indptr[stop])
        found = Ranking(
            np.full((stop - start, most, wide), -1, np.int32),
            np.full((stop - start, most, wide), -np.inf, np.float32),
        )
        cell = (owner[part] - start, nth[part])
        found.docs[cell], found.scores[cell] = near.docs[of_label[part]], near.scores[of_label[part]]
        flat = Ranking(found.docs.reshape(stop - start, -1), found.scores.reshape(stop - start, -1))
        joined = flat if most == 1 else best_distinct(*flat, wide)
        indptr = out_indptr[start : stop + 1] - out_indptr[start]
        result[start:stop, :kept] = without(joined, indptr, out_docs[left_out], kept).docs
    return result


def momentum(
    previous: Pool, rows: np.ndarray, labels: Labels, depth: int, seed: int, step: int
) -> np.ndarray:
    """(Q, depth) int32 candidates of the pool before, drawn by its weights: a function of (seed, step, query)."""
    docs = previous.docs[rows]
    weights = np.zeros(docs.shape, np.float32) if previous.log_weights is None else previous.log_weights[rows]
    noise = keyed_uniforms(seed, "momentum", step, labels.queries, docs.shape[1])
    keys = np.where(docs >= 0, weights - np.log(-np.log(noise)), -np.inf)  # Gumbel: see `samplers.ranked`
    columns = np.argpartition(-keys, min(depth, keys.shape[1]) - 1, axis=1)[:, :depth]
    return np.take_along_axis(docs, columns, axis=1)


def merge(sources: list[Source]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Documents (Q, C) once each and -1 elsewhere, ascending; the mass of each; the code of its heaviest source."""
    bits = len(sources).bit_length()  # document and source in one integer: numpy sorts those fastest
    keys = np.concatenate([(source.docs << bits) | i for i, source in enumerate(sources)], axis=1)
    keys.sort(axis=1)
    docs, origin = keys >> bits, (keys & ((1 << bits) - 1)).astype(np.uint8)
    each = np.zeros(docs.shape, np.float32)
    for i, source in enumerate(sources):
        share = source.mass / np.maximum((source.docs >= 0).sum(axis=1, keepdims=True), 1)
        np.copyto(each, share, where=origin == i, casting="same_kind")

    mass, heaviest, by = each.copy(), each.copy(), origin.copy()
    for ahead in range(
        1, len(sources)
    ):  # a document comes at most once a source, so the same ones are this close
        here = slice(None, -ahead)
        other = each[:, ahead:] * (docs[:, ahead:] == docs[:, here])
        mass[:, here] += other
        heavier = other > heaviest[:, here]
        np.copyto(heaviest[:, here], other, where=heavier)
        np.copyto(by[:, here], origin[:, ahead:], where=heavier)
    empty = docs < 0
    empty[:, 1:] |= docs[:, 1:] == docs[:, :-1]
    docs[empty], mass[empty] = -1, 0
    codes = np.array([SOURCES.index(source.name) for source in sources], np.uint8)
    return docs, mass, codes[by]


def score_cells(queries: np.ndarray, docs: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """(Q, C) float32 inner products of each query with the documents in its row of `cells`; what -1 gets is void.

    One product with all documents, then a look-up: faster than gathering C vectors a query.
    """
    scores = np.empty(cells.shape, np.float32)
    for start in range(0, len(cells), block_rows(len(docs))):
        part = slice(start, start + block_rows(len(docs)))
        product = queries[part] @ docs.T
        scores[part] = np.take_along_axis(product, np.maximum(cells[part], 0).astype(np.int64), axis=1)
    return scores
