"""The plain step, which most methods take: draw, encode every different text once, score, lose.

Methods that contrast otherwise have a step of their own: `dual` (DANCE) and `listwise` (ADORE).
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..encoders import TokenBatch
from ..objectives import Scores
from ..rng import keyed_uniforms
from ..samplers import Draw, QueryBatch
from ..samplers.importance import importance_weights
from .outcome import Contrast, Outcome, Scored

if TYPE_CHECKING:
    from .run import Training


def contrast_step(run: Training, batch: QueryBatch) -> Outcome:
    """One contrast: queries against their positives and drawn documents."""
    draw = draw_negatives(run, batch)
    anchors, vectors, at = encode_batch(run, batch, draw)
    scored = score_batch(run.model.scale, anchors, vectors, at, draw, importance_of(run, batch, draw))
    if run.recipe.hardest:
        draw, scored = hardest_of(draw, scored)
    loss = run.objective(scored.scores)
    return Outcome(loss.value, (Contrast(batch, draw, scored, loss),))


def draw_negatives(run: Training, batch: QueryBatch) -> Draw:
    """The sampler's draw, from uniforms that depend on (seed, step, query) alone."""
    assert run.sampler is not None  # recipes without a sampler have a step of their own
    queries = batch.labels.queries[batch.rows]
    n = run.config.negatives.per_query
    uniforms = keyed_uniforms(
        run.config.seed, "negatives", batch.step, queries, run.sampler.uniforms_needed(n)
    )
    return run.sampler.draw(batch, run.pools, n, uniforms)


def importance_of(run: Training, batch: QueryBatch, draw: Draw) -> np.ndarray | None:
    """(B, n) weights 1 / (N p) of ANCE's Eq 4, where the recipe asks for them; see `samplers.importance`."""
    if not run.recipe.importance_weighted:
        return None
    assert run.sampler is not None
    sizes = run.sampler.support(batch.labels, batch.n_docs, run.pools)[batch.rows]
    return importance_weights(draw, sizes)


def encode_batch(run: Training, batch: QueryBatch, draw: Draw) -> tuple[Tensor, Tensor, np.ndarray]:
    """Query vectors (B, D), vectors (U, D) of every different document, and where each of (B, 1 + n) stands in them.

    A document drawn for several queries is encoded once; empty slots point at the query's positive. Under MaxP the
    vectors are of passages, and where each document's stand is (B, 1 + n, m): see `Passages.expand`.
    """
    positives = batch.positives[:, None]
    docs = np.concatenate([positives, np.where(draw.docs >= 0, draw.docs, positives)], axis=1)
    unique, at = np.unique(docs, return_inverse=True)
    at = at.reshape(docs.shape)
    tokens, device = run.problem.tokens, run.accelerator.device
    if tokens.docs.passages is not None:
        unique, place = tokens.docs.passages.expand(unique)
        at = place[at]
    queries = TokenBatch.of(tokens.queries, batch.labels.queries[batch.rows]).to(device)
    documents = TokenBatch.of(tokens.docs, unique).to(device)
    with run.computing():
        query_vectors, document_vectors = run.model(queries, documents)
    return query_vectors.float(), document_vectors.float(), at


def score_batch(
    scale: float,
    anchors: Tensor,
    vectors: Tensor,
    at: np.ndarray,
    draw: Draw,
    importance: np.ndarray | None = None,
) -> Scored:
    """All scores from one product of anchors (B, D) with vectors (U, D), in float32.

    at: (B, 1 + n), or (B, 1 + n, m) with the places of each document's passages, of which the best one scores: only
    its vector gets a gradient.
    """
    device = anchors.device
    where = torch.from_numpy(at).to(device)
    products = anchors @ vectors.T
    if where.ndim == 3:
        where = best_passages(products.detach(), where)
    all_scores = scale * products.gather(1, where)
    scores = Scores(
        all_scores[:, 0],
        all_scores[:, 1:],
        torch.from_numpy(draw.docs >= 0).to(device),
        sources=torch.from_numpy(draw.sources).to(device),
        importance=None if importance is None else torch.from_numpy(importance).to(device),
    )
    return Scored(scores, anchors, vectors, where[:, 0], where[:, 1:])


def hardest_of(draw: Draw, scored: Scored) -> tuple[Draw, Scored]:
    """The slot of each query that scores highest now, as a draw of one negative; all of it (B, 1).

    Its probability is not known in closed form, since it depends on the weights and on the whole batch: nan.
    """
    scores = scored.scores
    slot = scores.negative.detach().masked_fill(~scores.mask, -torch.inf).argmax(dim=1, keepdim=True)
    column = slot.cpu().numpy()
    kept = Draw(**{f.name: np.take_along_axis(getattr(draw, f.name), column, axis=1) for f in fields(Draw)})
    kept = replace(kept, probability=np.where(kept.docs >= 0, np.nan, 0.0))
    assert scores.sources is not None
    one = replace(
        scores,
        negative=scores.negative.gather(1, slot),
        mask=scores.mask.gather(1, slot),
        sources=scores.sources.gather(1, slot),
    )
    return kept, replace(scored, scores=one, negative_at=scored.negative_at.gather(1, slot))


def best_passages(products: Tensor, at: Tensor) -> Tensor:
    """(B, 1 + n) the place with the highest of `products` (B, U) among those in each cell of `at` (B, 1 + n, m)."""
    best = products.gather(1, at.flatten(1)).view(at.shape).argmax(dim=2, keepdim=True)
    return at.gather(2, best).squeeze(2)
