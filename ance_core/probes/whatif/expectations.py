"""What a sampler would draw at a frozen step, in expectation: no training, no random numbers.

The candidates are cut and filtered and weighed by the code that training uses (`samplers.filters`, `samplers`). All
expectations are of a single draw: every query as likely as any other, each of its labels as likely as the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...samplers import Pool, QueryBatch
from ...samplers.base import effective_size
from ...samplers.filters import filter_pool, kept, pack_left
from ..normal import NORMAL_95
from .frozen import Situation
from .settings import WhatIf

BINS = 40


@dataclass(frozen=True)
class Expectation:
    """A mean over queries, with half of its 95 % interval (nan for one query); queries it is over."""

    mean: float
    half_width: float
    queries: int


@dataclass(frozen=True, eq=False)
class Imagined:
    """What follows from settings in a situation. R labels with candidates are rows; k columns, the best first.

    probability: (M, k) of each kept candidate. rank: (Q, k) its 0-based place in the unfiltered pool, -1 past the end.
    candidates: the pool that is left. edges (b + 1,), gap_share (b,), pool_share (b,): shares of draws, and of all the
    candidates up to `depth`, by score less the positive's; the outermost bins are open. rank_share: (k,) of draws by place.
    false_negatives, gradient, loss, effective: see `Expectation`; gradient is None where no vectors are known.
    """

    probability: np.ndarray
    rank: np.ndarray
    candidates: Pool
    edges: np.ndarray
    gap_share: np.ndarray
    pool_share: np.ndarray
    rank_share: np.ndarray
    false_negatives: Expectation
    loss: Expectation
    gradient: Expectation | None
    effective: Expectation
    sharpness: float | None
    empty: int


def narrowed(known: Situation, settings: WhatIf) -> tuple[Pool, np.ndarray]:
    """The pool that training would mine with these settings, and (Q, k) bool of the candidates of the cut one it keeps."""
    k = min(settings.depth, known.pool.docs.shape[1])
    pool = known.pool
    cut = replace(pool, docs=pool.docs[:, :k], scores=pool.scores[:, :k], sources=pool.sources[:, :k])
    return filter_pool(cut, known.labels, settings.filters), kept(cut, known.labels, settings.filters)


def imagine(known: Situation, settings: WhatIf) -> Imagined:
    """Everything the page shows; some milliseconds for CELLS cells."""
    pool, keep = narrowed(known, settings)
    owner, batch = known.owner, known.batch
    k = keep.shape[1]
    p = settings.sampler().candidate_probabilities(batch, pool)  # (M, k)
    rank = pack_left(np.broadcast_to(np.arange(k), keep.shape).copy(), keep, -1)
    with np.errstate(invalid="ignore"):
        gap = pool.scores[owner].astype(np.float64) - pool.label_scores[:, None]
    some = p.sum(axis=1) > 0
    share = some / known.labels.counts()[owner]  # of a label in its query
    weight = share / max(share.sum(), 1e-12)
    edges = np.linspace(*_widened(known.gap_range), BINS + 1)
    mass = p * weight[:, None]
    hidden = pack_left(known.hidden[:, :k], keep, False)[owner]
    drawable = p > 0
    loss = np.logaddexp(0.0, np.where(drawable & np.isfinite(gap), gap, 0.0))
    return Imagined(
        probability=p,
        rank=rank,
        candidates=pool,
        edges=edges,
        gap_share=_binned(gap, mass, edges),
        pool_share=_pool_share(known, k, edges),
        rank_share=np.bincount(rank[owner][drawable], weights=mass[drawable], minlength=k)[:k],
        false_negatives=_expect(known, (p * hidden).sum(axis=1), some),
        loss=_expect(known, (p * loss).sum(axis=1), some & np.isfinite(pool.label_scores)),
        gradient=_gradient(known, p, keep),
        effective=_expect(known, effective_size(p), some),
        sharpness=settings.sharpness(pool, batch),
        empty=int((pool.sizes == 0).sum()),
    )


def _gradient(known: Situation, p: np.ndarray, keep: np.ndarray) -> Expectation | None:
    """Over the candidates whose vectors are known, which are a sample that the draw does not depend on."""
    if known.gradient is None:
        return None
    norms = pack_left(known.gradient[:, : keep.shape[1]], keep[known.owner], np.nan)
    there = np.isfinite(norms)
    mass = (p * there).sum(axis=1)
    total = (p * np.where(there, norms, 0.0)).sum(axis=1)
    usable = mass > 0
    if not usable.any():
        return None
    return _expect(known, np.divide(total, mass, where=usable, out=np.zeros(len(mass))), usable)


def _expect(known: Situation, values: np.ndarray, usable: np.ndarray) -> Expectation:
    """Mean over queries of the means over their labels, of (M,) values."""
    n = len(known.labels)
    number = np.bincount(known.owner[usable], minlength=n)
    total = np.bincount(known.owner[usable], weights=values[usable], minlength=n)
    means = total[number > 0] / number[number > 0]
    if not len(means):
        return Expectation(float("nan"), float("nan"), 0)
    half = NORMAL_95 * means.std(ddof=1) / np.sqrt(len(means)) if len(means) > 1 else np.nan
    return Expectation(float(means.mean()), float(half), len(means))


def _binned(gap: np.ndarray, mass: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(b,) sums of mass by gap; what lies outside counts in the outermost bins."""
    usable = (mass > 0) & np.isfinite(gap)
    bins = len(edges) - 1
    at = (gap[usable] - edges[0]) * (bins / (edges[-1] - edges[0]))
    return np.bincount(np.clip(at, 0, bins - 1).astype(np.int64), weights=mass[usable], minlength=bins)


def _pool_share(known: Situation, k: int, edges: np.ndarray) -> np.ndarray:
    """(b,) what a uniform draw from the unfiltered top k would give: TopK's own probabilities."""
    plain = WhatIf("ance", k)
    pool, _ = narrowed(known, plain)
    batch: QueryBatch = known.batch
    p = plain.sampler().candidate_probabilities(batch, pool)
    share = (p.sum(axis=1) > 0) / known.labels.counts()[known.owner]
    with np.errstate(invalid="ignore"):
        gap = pool.scores[known.owner].astype(np.float64) - pool.label_scores[:, None]
    return _binned(gap, p * (share / max(share.sum(), 1e-12))[:, None], edges)


def _widened(limits: tuple[float, float]) -> tuple[float, float]:
    low, high = limits
    return (low, high) if high > low else (low - 0.5, high + 0.5)
