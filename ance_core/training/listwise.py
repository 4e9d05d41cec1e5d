"""ADORE's step: the query tower against its own ranking of frozen documents, made anew at every step.

The documents' vectors and their index stay as they were at the start, so negatives are never stale and there
is no refresh. If no positive is in the top K, all are appended below it; else those missing are left out
(adore/train.py:189-192 of the authors' code).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from ..encoders import TokenBatch
from ..objectives import Scores
from ..samplers import SOURCES, Draw, QueryBatch
from .outcome import Contrast, Outcome, Scored

if TYPE_CHECKING:
    from .run import Training


def listwise_step(run: Training, batch: QueryBatch) -> Outcome:
    """One contrast whose rows are (query, positive): all candidates of the current top K are negatives."""
    queries = TokenBatch.of(run.problem.tokens.queries, batch.labels.queries[batch.rows])
    with run.computing():
        vectors = run.model.encode_queries(queries.to(run.accelerator.device)).float()
    documents = run.frozen_documents
    itself = None if batch.labels.own is None else batch.labels.own[batch.rows]
    depth = min(run.config.negatives.pool_depth, run.problem.n_docs - (itself is not None))
    corpus_scores = run.model.scale * (vectors @ documents.T)  # (B, N): exact search, a batch at a time
    top = _without_own(corpus_scores.detach(), itself).topk(depth, dim=1).indices
    hits = top.cpu().numpy()

    positive = (hits[:, :, None] == batch.judged[:, None, :]).any(axis=2)  # (B, K)
    owner, label, rank = positives_of(batch, hits, positive)
    rows = QueryBatch(batch.rows[owner], label, batch.labels, batch.n_docs, batch.step)
    all_scores = corpus_scores.gather(1, top)
    device = documents.device
    at = torch.from_numpy(owner).to(device)
    positive_at = torch.from_numpy(rows.positives.astype(np.int64)).to(device)
    own = corpus_scores[at, positive_at]
    draw = _all_of(hits, positive, owner, rank, all_scores, own, run.step)
    scores = Scores(
        own,
        all_scores[at],
        torch.from_numpy(draw.docs >= 0).to(device),
        sources=torch.from_numpy(draw.sources).to(device),
        ranks=torch.arange(depth, device=device).expand(len(owner), depth),
        positive_ranks=torch.from_numpy(rank).to(device),
        row_weight=torch.from_numpy(1.0 / np.bincount(owner)[owner]).float().to(device),
    )
    loss = run.objective(scores)
    scored = Scored(scores, vectors[at], documents, positive_at, top[at])
    return Outcome(loss.value, (Contrast(rows, draw, scored, loss, frozen=True),))


def _without_own(scores: torch.Tensor, itself: np.ndarray | None) -> torch.Tensor:
    """Scores (B, N) with the document that a query is itself last of all."""
    if itself is None:
        return scores
    rows = np.flatnonzero(itself >= 0)
    scores = scores.clone()
    scores[torch.from_numpy(rows), torch.from_numpy(itself[rows].astype(np.int64))] = -torch.inf
    return scores


def positives_of(
    batch: QueryBatch, hits: np.ndarray, positive: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the loss: owner (place in the batch), label (position in `labels.docs`) and 0-based rank of each.

    Retrieved positives with the rank they have; where a query has none, all its labels at ranks K, K + 1, ...
    """
    indptr, docs = batch.labels.indptr, batch.labels.docs
    counts = indptr[batch.rows + 1] - indptr[batch.rows]
    owner = np.repeat(np.arange(len(batch.rows)), counts)  # of every label of the batch
    place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)  # among its query's labels
    label = indptr[batch.rows][owner] + place
    key = owner * batch.n_docs + docs[label]  # ascending: a query's labels are in corpus order

    found, rank = np.nonzero(positive)
    retrieved = label[np.searchsorted(key, found * batch.n_docs + hits[found, rank])]
    missed = np.asarray(~positive.any(axis=1))[owner]
    owners = np.concatenate([found, owner[missed]])
    order = np.argsort(owners, kind="stable")
    labels = np.concatenate([retrieved, label[missed]])
    ranks = np.concatenate([rank, hits.shape[1] + place[missed]])
    return owners[order], labels[order], ranks[order]


def _all_of(
    hits: np.ndarray,
    positive: np.ndarray,
    owner: np.ndarray,
    rank: np.ndarray,
    scores: torch.Tensor,
    own: torch.Tensor,
    step: int,
) -> Draw:
    """Every candidate that is no positive, drawn with certainty from the ranking of this very step."""
    shape = (len(owner), hits.shape[1])
    return Draw(
        docs=np.where(positive, -1, hits)[owner].astype(np.int32),
        ranks=np.broadcast_to(np.arange(hits.shape[1], dtype=np.int32), shape),
        scores=scores.detach().cpu().numpy()[owner],
        positive_scores=np.repeat(own.detach().cpu().numpy()[:, None], shape[1], axis=1),
        probability=np.ones(shape),
        sources=np.full(shape, SOURCES.index("ann"), np.uint8),
        index_step=np.full(shape, step, np.int32),
    )
