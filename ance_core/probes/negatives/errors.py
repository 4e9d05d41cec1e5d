"""Total and top-K pairwise errors: what random and what hard negatives make small (STAR's theory).

    total    sum over (q, d+) of the irrelevant documents ranked above d+
    top-K    sum over (q, d+) of min(that number, K)

Zhan et al. 2021 (STAR and ADORE), SIGIR, section 4: random negatives minimise the first, which a few hard queries
dominate; hard negatives minimise the second, which no query can dominate. Here as means over the pairs, measured in a
snapshot. Where it holds a share f of the corpus, counts are divided by f. A tie counts half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .overlap import without_positives
from .space import Space

K = 10


@dataclass(frozen=True)
class PairwiseErrors:
    """Means over `pairs` (query, positive) pairs. worst_share: of all errors, those of the worst hundredth of pairs."""

    total: float
    top: float
    worst_share: float
    pairs: int


def pairwise_errors(space: Space, query: np.ndarray, positive: np.ndarray, k: int = K) -> PairwiseErrors:
    """Over different judged pairs (m,) of dataset rows, as far as the sample holds them; nan where it holds none."""
    q, d = space.query_at(query), space.document_at(positive)
    inside = (q >= 0) & (d >= 0)
    q, d = q[inside], d[inside]
    if not len(q):
        return PairwiseErrors(float("nan"), float("nan"), float("nan"), 0)
    irrelevant = without_positives(space, (query, positive))
    errors = np.empty(len(q))
    for start in range(0, len(q), 2000):  # (pairs, d) comparisons at a time
        part = slice(start, start + 2000)
        row, own = irrelevant[q[part]], space.scores[q[part], d[part]][:, None]
        errors[part] = (row > own).sum(axis=1) + 0.5 * (row == own).sum(axis=1)
    errors /= max(space.share, 1e-12)
    worst = np.sort(errors)[-max(1, len(errors) // 100) :].sum()
    total = errors.sum()
    share = float(worst / total) if total > 0 else 0.0
    return PairwiseErrors(float(errors.mean()), float(np.minimum(errors, k).mean()), share, len(errors))
