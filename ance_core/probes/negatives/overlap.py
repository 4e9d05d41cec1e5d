"""Are the negatives trained on those the model would confuse at test time? Overlap with its own top 100.

Xiong et al. 2021 (ANCE), Fig 3 and section 6.2: of the negatives a method trains on, the share that also stands
among the top 100 that the present model retrieves. Random negatives have none of it; ANCE's come to all of it.

The ranking is that of a snapshot, or of a pool. Judged positives are taken out of it. In a snapshot that holds a share f
of the corpus, standing among the best 100 f of the sample stands for being among the best 100.
"""

from __future__ import annotations

import numpy as np

from .space import Space

DEPTH = 100


def in_top(
    space: Space,
    query: np.ndarray,
    document: np.ndarray,
    positives: tuple[np.ndarray, np.ndarray],
    k: int = DEPTH,
) -> np.ndarray:
    """(n,) float: 1 where the document is among the query's top k, 0 where not, nan outside the sample.

    positives: query and document rows (m,) of known judged positives, which take no place in the ranking.
    """
    q, d = space.query_at(query), space.document_at(document)
    inside = (q >= 0) & (d >= 0)
    answer = np.full(len(query), np.nan)
    if inside.any():
        answer[inside] = _top(space, positives, k)[q[inside], d[inside]]
    return answer


def _top(space: Space, positives: tuple[np.ndarray, np.ndarray], k: int) -> np.ndarray:
    """(q, d) bool: the top k of each query, in a sample of the corpus as many fewer; ties are all in."""
    scores = without_positives(space, positives)
    keep = max(1, round(k * space.share))
    if keep >= scores.shape[1]:
        return np.isfinite(scores)
    cut = -np.partition(-scores, keep - 1, axis=1)[:, keep - 1 : keep]
    return np.asarray((scores >= cut) & np.isfinite(scores))


def without_positives(space: Space, positives: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """(q, d) scores with -inf for the known positives of a query."""
    scores = space.scores.copy()
    q, d = space.query_at(positives[0]), space.document_at(positives[1])
    inside = (q >= 0) & (d >= 0)
    scores[q[inside], d[inside]] = -np.inf
    return scores


def in_pool_top(
    docs: np.ndarray, queries: np.ndarray, query: np.ndarray, document: np.ndarray, k: int = DEPTH
) -> np.ndarray:
    """As `in_top`, by a pool mined with the model: docs (Q, K) best first, queries (Q,) its dataset rows, ascending.

    nan for queries without a pool. A pool less deep than k can only answer for its own depth.
    """
    at = np.minimum(np.searchsorted(queries, query), len(queries) - 1)
    known = queries[at] == query
    top = docs[:, :k]
    hit = np.zeros(len(query), bool)
    for start in range(0, len(query), 20_000):  # (n, k) comparisons at a time
        part = slice(start, start + 20_000)
        hit[part] = (top[at[part]] == document[part, None]).any(axis=1)
    return np.where(known, hit, np.nan)
