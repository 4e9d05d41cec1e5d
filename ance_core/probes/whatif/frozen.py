"""What is known at one step of a run, frozen: each query's ranked candidates, and what would follow from drawing one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...data.dataset import Labels, Qrels
from ...errors import StoreError
from ...rng import generator
from ...runs import Run
from ...samplers import Pool, QueryBatch
from ...samplers.pool_files import pool_steps, read_pools
from ..negatives.space import Space
from .settings import POOL

CELLS = 300_000
"""Most (label, candidate) pairs that are computed with; queries beyond that are left to a fixed sample."""
_GATHERED = 2_000_000  # numbers gathered at a time: 8 MB


@dataclass(frozen=True, eq=False)
class Situation:
    """Candidates of some training queries at a step.

    pool: of the queries of `labels`, as mined. hidden: (Q, K) bool, candidates that are withheld relevants.
    gradient: (M, K) float32 output-layer gradient norm, should the label of that row be trained against that candidate;
    nan where the snapshot does not hold both; None without a snapshot. queries: training queries in all.
    """

    step: int
    pool: Pool
    labels: Labels
    hidden: np.ndarray
    n_docs: int
    queries: int
    gradient: np.ndarray | None = None

    @cached_property
    def owner(self) -> np.ndarray:
        """(M,) the query of each label."""
        return np.repeat(np.arange(len(self.labels)), self.labels.counts())

    @cached_property
    def batch(self) -> QueryBatch:
        """Every query with each of its labels."""
        return QueryBatch(self.owner, np.arange(len(self.owner)), self.labels, self.n_docs, self.step)

    @cached_property
    def gap_range(self) -> tuple[float, float]:
        """Scores of candidates less the positive's, in score units: from the lowest but one in a thousand to the highest."""
        gaps = self.pool.scores[self.owner] - self.pool.label_scores[:, None]
        gaps = gaps[(self.pool.docs[self.owner] >= 0) & np.isfinite(gaps)]
        if not len(gaps):
            return -1.0, 1.0
        return float(np.quantile(gaps, 0.001)), float(max(gaps.max(), 0.0))


def whatif_steps(run: Run) -> list[int]:
    """The steps of a run that have pools mined with its model."""
    return pool_steps(run.folder / "pools")


def load_situation(run: Run, step: int, labels: Labels, hidden: Qrels, n_docs: int) -> Situation:
    """The situation after `step` updates of a run. labels: of its training queries; hidden: withheld relevants.

    Raises StoreError where the run has no such pools, or where they are of other labels.
    """
    if step not in whatif_steps(run):
        known = ", ".join(map(str, whatif_steps(run))) or "none"
        raise StoreError(f"run '{run.name}': no pools at step {step}; it has {known}: choose one of these")
    try:
        pools = read_pools(run.folder / "pools", step)
    except StoreError as error:
        raise StoreError(
            f"run '{run.name}': its pools of step {step} cannot be read ({error}): choose another step"
        ) from error
    pool = pools.get(POOL)
    if (
        pool is None
        or len(pool.docs) != len(labels)
        or len(pool.label_scores) != len(labels.docs)
        or (pool.docs.size and pool.docs.max() >= n_docs)
    ):
        raise StoreError(
            f"run '{run.name}': its pools do not fit the dataset's training labels: give back the dataset it was trained on"
        )
    space = None
    if step in run.snapshots():
        with suppress(StoreError):  # a damaged one: no gradient norm is known then
            space = Space.of(step, run.embeddings(step), float(run.info.get("scale") or 1.0), n_docs)
    return situation(
        step, pool, labels, hidden, n_docs, space if space is not None and space.finite else None
    )


def situation(
    step: int, pool: Pool, labels: Labels, hidden: Qrels, n_docs: int, space: Space | None = None
) -> Situation:
    """Of at most CELLS / K labels' queries, the same sample every time."""
    rows = _sample(labels, max(1, CELLS // max(pool.docs.shape[1], 1)))
    part = labels.take(rows)
    pool = replace(
        pool,
        docs=pool.docs[rows],
        scores=pool.scores[rows],
        label_scores=pool.label_scores[labels.positions(rows)],
        sources=pool.sources[rows],
        index_step=pool.index_step[rows],
        log_weights=None,
    )
    keys = np.sort(hidden.queries.astype(np.int64) * n_docs + hidden.docs)
    is_hidden = np.isin(part.queries.astype(np.int64)[:, None] * n_docs + pool.docs, keys) & (pool.docs >= 0)
    found = Situation(step, pool, part, is_hidden, n_docs, len(labels))
    if space is None or space.spans is not None:  # with several passages no vector is the document's
        return found
    return replace(found, gradient=gradient_norms(found, space))


def _sample(labels: Labels, most: int) -> np.ndarray:
    order = generator(0, "what-if queries").permutation(len(labels))
    fit = int(np.searchsorted(np.cumsum(labels.counts()[order]), most, side="right"))
    return np.sort(order[: max(fit, 1)])


def gradient_norms(known: Situation, space: Space) -> np.ndarray:
    """(M, K) float32 w scale sqrt(|d+ - d|^2 + 2 |q|^2), w = sigma(s - s+): ANCE's Eq 10, for pairwise NLL.

    The scores are the pool's, the vectors the snapshot's (float16 when stored).
    """
    pool, labels, owner = known.pool, known.labels, known.owner
    q, d = space.query_at(labels.queries)[owner], space.document_at(labels.docs)
    lengths = np.einsum("nd,nd->n", space.documents, space.documents)
    both = 2 * np.einsum("qd,qd->q", space.queries, space.queries)
    norms = np.full((len(owner), pool.docs.shape[1]), np.nan, np.float32)
    inside = np.nonzero((q >= 0) & (d >= 0))[0]
    size = max(1, _GATHERED // max(1, pool.docs.shape[1] * space.documents.shape[1]))
    for start in range(0, len(inside), size):
        part = inside[start : start + size]
        candidates = pool.docs[owner[part]]
        at = space.document_at(candidates.ravel()).reshape(candidates.shape)  # (m, K)
        inner = np.matmul(space.documents[at], space.documents[d[part]][:, :, None])[:, :, 0]
        distance = lengths[at] + lengths[d[part]][:, None] - 2 * inner
        gap = pool.scores[owner[part]].astype(np.float64) - pool.label_scores[part, None]
        with np.errstate(over="ignore"):
            pull = 1.0 / (1.0 + np.exp(-gap))
        norm = pull * space.scale * np.sqrt(np.maximum(distance, 0) + both[q[part]][:, None])
        norms[part] = np.where(at >= 0, norm, np.nan)
    return norms
