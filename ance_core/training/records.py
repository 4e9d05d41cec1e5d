"""The provenance of negatives: one record for each drawn negative, with what was known when it was drawn and used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from ..rng import keyed_uniforms
from ..samplers import SOURCES, QueryBatch
from .outcome import Contrast, pair_gradient_norms

if TYPE_CHECKING:
    from .run import Training


def _chosen(mask: np.ndarray, batch: QueryBatch, limit: int, seed: int, step: int) -> np.ndarray:
    """At most `limit` filled slots a query, by a draw of its own that touches nothing else."""
    if mask.shape[1] <= limit:
        return mask
    u = keyed_uniforms(seed, "records", step, batch.labels.queries[batch.rows], mask.shape[1])
    u[~mask] = 2.0
    cut = np.partition(u, limit - 1, axis=1)[:, limit - 1 : limit]
    return mask & (u <= cut)


def negative_records(run: Training, contrast: Contrast) -> dict[str, np.ndarray]:
    """Columns of the records of one contrast, each of the same length. `step` counts the update they led to, from 1.

    Rows of queries and documents are rows of the dataset. In a dual contrast the negative is a query: `document`
    is -1 and `negative_query` names it. Where an anchor has more negatives than `record.negatives_per_query`
    (in-batch), that many are kept by a uniform draw.
    """
    batch, draw, scores = contrast.batch, contrast.draw, contrast.scored.scores
    limit = run.config.record.negatives_per_query
    row, slot = np.nonzero(_chosen(draw.docs >= 0, batch, limit, run.config.seed, run.step))
    cell = (row, slot)
    anchors, others = batch.labels.queries[batch.rows][row], draw.docs[cell]
    positives = batch.positives[row]
    if contrast.dual:
        queries = run.problem.labels.queries
        who = {
            "query": queries[positives],
            "positive": anchors,
            "document": np.full(len(row), -1),
            "negative_query": queries[others],
        }
    else:
        hidden = run.problem.is_hidden(batch.rows, draw.docs)[cell]
        who = {"query": anchors, "positive": positives, "document": others, "hidden": hidden}
    who["wrong_label"] = run.problem.is_wrong(who["query"], who["positive"])
    norms = pair_gradient_norms(contrast, row, slot, run.model.scale)
    return {
        **who,
        "step": np.full(len(row), run.step),
        "slot": slot,
        "source": np.array(SOURCES)[draw.sources[cell]],
        "rank": draw.ranks[cell],
        "score_drawn": draw.scores[cell],
        "positive_score_drawn": draw.positive_scores[cell],
        "probability": draw.probability[cell],
        "score": _numpy(scores.negative)[cell],
        "positive_score": _numpy(scores.positive)[row],
        "loss": _numpy(contrast.loss.pairs)[cell],
        "grad_norm": _numpy(norms),
        "index_step": draw.index_step[cell],
    }


def _numpy(values: Tensor) -> np.ndarray:
    return np.asarray(values.detach().float().cpu().numpy())
