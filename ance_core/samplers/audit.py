"""Does a sampler draw what it says? Frequencies of real draws against stated probabilities (Pearson's chi-square).

The generic check of every registered sampler: a fault such as drawing in hash order, which no unit test of
a formula sees, moves frequencies. Cells expected fewer than five times are pooled (Cochran 1954), and a
document of probability zero that was drawn even once fails outright.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import chi2

from ..data.dataset import Labels
from .base import Pool, QueryBatch, Sampler, effective_size
from .effective import TOPS


@dataclass(frozen=True)
class Audit:
    """p_value of the chi-square test; draws used; impossible: draws of documents with stated probability 0.

    repeats: draws in which one document came twice for a query. worst: the document whose frequency is off most.
    effective_size: 1 / sum p^2 as stated. drawn_size: the same of the frequencies, less what chance adds. top: by n, the
    share of draws that took one of the n candidates ranked highest; empty where nothing was ranked.
    """

    p_value: float
    draws: int
    impossible: int
    repeats: int
    worst_document: int
    worst_expected: float
    worst_observed: int
    effective_size: float = float("nan")
    drawn_size: float = float("nan")
    top: dict[int, float] = field(default_factory=dict)


def chi_square(counts: np.ndarray, probabilities: np.ndarray) -> float:
    """p-value of observed counts (cells,) under stated probabilities (cells,), small cells pooled."""
    expected = probabilities * counts.sum()
    small = expected < 5
    observed_cells = np.append(counts[~small], counts[small].sum())
    expected_cells = np.append(expected[~small], expected[small].sum())
    keep = expected_cells > 0
    observed_cells, expected_cells = observed_cells[keep], expected_cells[keep]
    if len(expected_cells) < 2:
        return 1.0
    statistic = ((observed_cells - expected_cells) ** 2 / expected_cells).sum()
    return float(chi2.sf(statistic, len(expected_cells) - 1))


def _top(ranks: np.ndarray) -> dict[int, float]:
    ranked = ranks[ranks >= 0]
    return {n: float((ranked < n).mean()) for n in TOPS} if len(ranked) == len(ranks) > 0 else {}


def _drawn_size(counts: np.ndarray) -> float:
    """1 / sum p^2 from counts, by the unbiased estimate of sum p^2: pairs of draws that agree, of all pairs."""
    draws, agreeing = counts.sum(), (counts * (counts - 1)).sum()
    return float(draws * (draws - 1) / agreeing) if agreeing else float("inf")


def _summary(docs: np.ndarray, first: np.ndarray, p: np.ndarray, ranks: np.ndarray | None = None) -> Audit:
    counts = np.bincount(first[first >= 0], minlength=len(p)).astype(float)
    ordered = np.sort(docs, axis=1)
    repeats = (
        ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(axis=1).sum()
        if docs.shape[1] > 1
        else 0
    )
    gap = np.abs(counts - p * counts.sum()) / np.sqrt(np.maximum(p * counts.sum(), 1.0))
    worst = int(gap.argmax())
    return Audit(
        p_value=chi_square(counts, p),
        draws=int(counts.sum()),
        impossible=int(counts[p <= 0].sum()),
        repeats=int(repeats),
        worst_document=worst,
        worst_expected=float(p[worst] * counts.sum()),
        worst_observed=int(counts[worst]),
        effective_size=float(effective_size(p[None, :])[0]),
        drawn_size=_drawn_size(counts),
        top={} if ranks is None else _top(ranks),
    )


def audit_draws(
    sampler: Sampler,
    pools: Mapping[str, Pool],
    labels: Labels,
    n_docs: int,
    query: int,
    *,
    n: int = 1,
    draws: int = 20_000,
    step: int = 0,
    seed: int = 0,
) -> Audit:
    """Audit a sampler that serves each query by itself: one query, drawn for again and again.

    The first of the n documents of each draw follows the stated distribution; all n must differ. step: updates
    done, for samplers that change with it.
    """
    rng = np.random.default_rng(seed)
    rows = np.full(draws, query, np.int64)
    batch = QueryBatch(rows, labels.indptr[rows], labels, n_docs, step)
    drawn = sampler.draw(batch, pools, n, rng.random((draws, sampler.uniforms_needed(n))))
    docs = drawn.docs
    one = QueryBatch(rows[:1], batch.label[:1], labels, n_docs, step)
    return _summary(docs, docs[:, 0], sampler.probabilities(one, pools)[0], drawn.ranks[docs[:, 0] >= 0, 0])


def audit_batches(
    sampler: Sampler,
    pools: Mapping[str, Pool],
    labels: Labels,
    n_docs: int,
    query: int,
    *,
    size: int,
    batches: int,
    n: int = 1,
    seed: int = 0,
) -> dict[str, Audit]:
    """Audit a sampler whose negatives come from the batch: random batches that contain the query.

    One audit for each of `Sampler.parts`, by name. Slots of one batch repel each other slightly (queries come
    without replacement), so the first slot of a part counts.
    """
    rng = np.random.default_rng(seed)
    parts = sampler.parts(size, n)
    first = [columns.start for _, columns in parts]
    drawn = []
    for _ in range(batches):
        others = rng.permutation(np.delete(np.arange(len(labels.queries)), query))[: size - 1]
        rows = np.concatenate([[query], others])
        start, stop = labels.indptr[rows], labels.indptr[rows + 1]
        label = start + (rng.random(size) * (stop - start)).astype(np.int64)
        batch = QueryBatch(rows, label, labels, n_docs)
        docs = sampler.draw(batch, pools, n, rng.random((size, sampler.uniforms_needed(n)))).docs[0]
        drawn.append(docs[first])
    docs = np.array(drawn)
    one = QueryBatch(np.array([query]), labels.indptr[[query]], labels, n_docs)
    return {
        part.name: _summary(np.zeros((len(docs), 0), int), docs[:, i], part.probabilities(one, pools)[0])
        for i, (part, _) in enumerate(parts)
    }
