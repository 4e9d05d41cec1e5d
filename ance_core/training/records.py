"""The provenance of negatives: one record for each drawn negative, with what was known when it was drawn and used."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ..rng import keyed_uniforms
from ..samplers import SOURCES, Draw, QueryBatch
from .problem import Problem
from .step import Scored


def _chosen(mask: np.ndarray, batch: QueryBatch, limit: int, seed: int, step: int) -> np.ndarray:
    """At most `limit` filled slots a query, by a draw of its own that touches nothing else."""
    if mask.shape[1] <= limit:
        return mask
    u = keyed_uniforms(seed, "records", step, batch.labels.queries[batch.rows], mask.shape[1])
    u[~mask] = 2.0
    cut = np.partition(u, limit - 1, axis=1)[:, limit - 1 : limit]
    return mask & (u <= cut)


def negative_records(
    problem: Problem,
    batch: QueryBatch,
    draw: Draw,
    scored: Scored,
    pair_losses: Tensor,
    gradient_norms: Tensor,
    *,
    step: int,
    seed: int,
    limit: int,
) -> dict[str, np.ndarray]:
    """Columns of the records of one step, each of the same length. `step` counts the update they led to, from 1.

    Rows of queries and documents are rows of the dataset. Where a query has more than `limit` negatives
    (in-batch), that many are kept by a uniform draw.
    """
    row, slot = np.nonzero(_chosen(draw.docs >= 0, batch, limit, seed, step))
    cell = (row, slot)
    docs = draw.docs[cell]
    positive = scored.positive.detach().float().cpu().numpy()
    return {
        "step": np.full(len(row), step, np.int32),
        "query": batch.labels.queries[batch.rows][row].astype(np.int32),
        "positive": batch.positives[row].astype(np.int32),
        "document": docs.astype(np.int32),
        "slot": slot.astype(np.int16),
        "source": np.array(SOURCES)[draw.sources[cell]],
        "rank": draw.ranks[cell].astype(np.int32),
        "score_drawn": draw.scores[cell].astype(np.float32),
        "positive_score_drawn": draw.positive_scores[cell].astype(np.float32),
        "probability": draw.probability[cell].astype(np.float64),
        "score": scored.negative.detach().float().cpu().numpy()[cell],
        "positive_score": positive[row],
        "loss": pair_losses.float().cpu().numpy()[cell],
        "grad_norm": gradient_norms.float().cpu().numpy()[cell],
        "index_step": draw.index_step[cell].astype(np.int32),
        "hidden": problem.is_hidden(batch.rows, draw.docs)[cell],
    }
