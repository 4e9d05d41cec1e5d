"""DANCE's step: documents are told apart for the query, and queries for the document.

    L = NLL(q; d+, d-) + w NLL(d+; q, q-)          (Li et al. 2021; model/models.py:189-247 of the authors' code)

The dual negatives q- come from an index over the training queries, searched with the positive document
(drivers/run_ann_data_gen.py:540-619); every query that the document answers is out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from ..config import MethodConfig
from ..encoders import TokenBatch
from ..objectives import align, uniform
from ..rng import keyed_uniforms
from ..samplers import Draw, QueryBatch, TopK
from .outcome import Contrast, Outcome
from .step import draw_negatives, score_batch

if TYPE_CHECKING:
    from .run import Training


def dual_step(run: Training, batch: QueryBatch) -> Outcome:
    """Two contrasts that share all encodings. With weight 0 no dual negative is drawn."""
    method = run.config.method
    weight = method.dual_weight or 0.0
    draw = draw_negatives(run, batch)
    mirrored = run.problem.mirror.batch(batch)
    reverse = draw_queries(run, mirrored, batch) if weight else None

    docs, docs_at = stack(batch.positives, draw)
    queries, queries_at = stack(batch.rows, reverse)
    tokens, device = run.problem.tokens, run.accelerator.device
    with run.computing():
        query_vectors, document_vectors = run.model(
            TokenBatch.of(tokens.queries, batch.labels.queries[queries]).to(device),
            TokenBatch.of(tokens.docs, docs).to(device),
        )
    query_vectors, document_vectors = query_vectors.float(), document_vectors.float()

    q, d = query_vectors[queries_at[:, 0]], document_vectors[docs_at[:, 0]]
    scored = score_batch(run.model.scale, q, document_vectors, docs_at, draw)
    prime = Contrast(batch, draw, scored, run.objective(scored.scores))
    loss, contrasts = prime.loss.value, [prime]
    if reverse is not None:
        scored = score_batch(run.model.scale, d, query_vectors, queries_at, reverse)
        dual = Contrast(mirrored, reverse, scored, run.objective(scored.scores), weight, dual=True)
        loss = loss + weight * dual.loss.value
        contrasts.append(dual)
    return Outcome(loss + regularisers(method, q, d), tuple(contrasts))


def regularisers(method: MethodConfig, q: Tensor, d: Tensor) -> Tensor:
    """() weighted alignment of queries (B, D) with their positives (B, D), and uniformity of both sides, added up.

    The authors' code, too, takes the sum of the sides and not their mean (model/models.py, NLL_cosine_SimCLR_dual).
    """
    value, t = q.new_zeros(()), method.uniformity_t or 2.0
    if method.align_weight:
        value = value + method.align_weight * align(q, d)
    if method.uniform_weight:
        value = value + method.uniform_weight * (uniform(q, t) + uniform(d, t))
    return value


def draw_queries(run: Training, mirrored: QueryBatch, batch: QueryBatch) -> Draw:
    """Negative queries, uniform from the dual pool of each positive document."""
    sampler = TopK("dual", run.config.negatives.pool_depth)
    n = run.config.negatives.per_query
    keys = batch.labels.queries[batch.rows]
    uniforms = keyed_uniforms(run.config.seed, "dual negatives", batch.step, keys, sampler.uniforms_needed(n))
    return sampler.draw(mirrored, run.pools, n, uniforms)


def stack(positives: np.ndarray, draw: Draw | None) -> tuple[np.ndarray, np.ndarray]:
    """Every different row once, and where each of (B, 1 + n) stands in them; empty slots point at the positive."""
    rows = positives[:, None]
    if draw is not None:
        rows = np.concatenate([rows, np.where(draw.docs >= 0, draw.docs, rows)], axis=1)
    unique, at = np.unique(rows, return_inverse=True)
    return unique, at.reshape(rows.shape)
