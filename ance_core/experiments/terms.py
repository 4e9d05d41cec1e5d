"""What is in the denominator: every term that a step's loss has for one query, and what was kept out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..samplers import SOURCES, Draw, QueryBatch
from ..samplers.in_batch import InBatch, others_of
from ..samplers.whole_batch import Borrowed
from ..training.again import Repeated
from ..training.outcome import Contrast, pair_gradient_norms
from ..training.run import Training
from ..training.step import draw_negatives, encode_batch, score_batch

if TYPE_CHECKING:
    import pandas as pd

JUDGED, OWN, SHORT = "judged positive of this query", "trained towards in this row", "no candidate left"
HARDEST = "not the hardest in the batch"
COLUMNS = (
    "contrast", "positive", "slot", "document", "negative_query", "source", "rank", "score_drawn", "positive_score_drawn",
    "probability", "score", "positive_score", "weight", "loss", "grad_norm", "index_step", "judged", "hidden", "masked",
)  # fmt: skip


def terms_of(repeated: Repeated, row: int) -> pd.DataFrame:
    """One row a term of the query at `row` of the training labels; those that were masked too, with the reason.

    contrast: `query`, or `document` where its positive is told apart from other queries (DANCE); positive, document,
    negative_query: rows of the dataset, -1 where there is none. slot, source, rank, scores, probability, loss, grad_norm,
    index_step, hidden: as in the records. weight: how the query's own loss changes with the term's score. judged: a judged
    positive that stands in the loss all the same. masked: why it does not count; "" where it does.
    """
    import pandas as pd

    parts = []
    for contrast in repeated.outcome.contrasts:
        owners = contrast.batch.positives if contrast.dual else contrast.batch.rows
        for place in np.flatnonzero(owners == row):
            counted = _counted(repeated.training, contrast, int(place), row)
            left_out = _left_out(repeated, contrast, int(place))
            parts += [pd.DataFrame(part, columns=list(COLUMNS)) for part in (counted, left_out) if part]
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def _counted(training: Training, contrast: Contrast, place: int, row: int) -> dict[str, Any]:
    """Columns of the filled slots of one row of the loss."""
    draw, scores, labels = contrast.draw, contrast.scored.scores, training.problem.labels
    slot = np.flatnonzero(draw.docs[place] >= 0)
    at = np.full(len(slot), place)
    docs = draw.docs[place, slot].astype(np.int64)
    nobody = np.full(len(slot), -1)
    own = QueryBatch(np.array([row]), labels.indptr[[row]], labels, training.problem.n_docs)
    return {
        "contrast": "document" if contrast.dual else "query",
        "positive": _positive(contrast, place),
        "slot": slot,
        "document": nobody if contrast.dual else docs,
        "negative_query": labels.queries[docs] if contrast.dual else nobody,
        "source": np.array(SOURCES)[draw.sources[place, slot]],
        "rank": draw.ranks[place, slot],
        "score_drawn": draw.scores[place, slot],
        "positive_score_drawn": draw.positive_scores[place, slot],
        "probability": draw.probability[place, slot],
        "score": _numpy(scores.negative)[place, slot],
        "positive_score": np.full(len(slot), _numpy(scores.positive)[place]),
        "weight": _numpy(contrast.loss.weights)[place, slot] * contrast.weight,
        "loss": _numpy(contrast.loss.pairs)[place, slot],
        "grad_norm": _numpy(pair_gradient_norms(contrast, at, slot, training.model.scale)),
        "index_step": draw.index_step[place, slot],
        "judged": np.zeros(len(slot), bool) if contrast.dual else np.isin(docs, own.judged[0]),
        "hidden": np.zeros(len(slot), bool)
        if contrast.dual
        else training.problem.is_hidden(np.array([row]), docs[None, :])[0],
        "masked": np.full(len(slot), "", object),
    }


def _left_out(repeated: Repeated, contrast: Contrast, place: int) -> dict[str, Any]:
    """Columns of what stood in the batch for one row of the loss and was kept out of it; empty where nothing was."""
    training, draw = repeated.training, contrast.draw
    if contrast.dual:
        return {}
    if training.sampler is None:
        offered = _numpy(contrast.scored.negative_at)[place].astype(np.int64)  # columns are documents
        slot = np.flatnonzero(draw.docs[place] < 0)
        docs = offered[slot]
        reasons = np.where(docs == _positive(contrast, place), OWN, JUDGED)
        scores = _numpy(contrast.scored.scores.negative)[place, slot]
        return _out(contrast, place, slot, docs, draw.sources[place, slot], reasons, scores)
    whole = draw_negatives(training, contrast.batch)
    docs = would_be(training, contrast.batch, whole)[place]
    slot = np.flatnonzero(whole.docs[place] < 0)
    reasons = np.where(docs[slot] < 0, SHORT, JUDGED)
    scores = np.full(len(slot), np.nan)
    if training.recipe.hardest:
        here = _numpy(_score(training, contrast.batch, whole))[place]
        kept = here.argmax()
        slot = np.delete(np.arange(len(here)), kept)
        masked = whole.docs[place, slot] < 0
        reasons = np.where(masked, np.where(docs[slot] < 0, SHORT, JUDGED), HARDEST)
        scores = np.where(masked, np.nan, here[slot])
    return _out(contrast, place, slot, docs[slot], whole.sources[place, slot], reasons, scores)


def _out(
    contrast: Contrast,
    place: int,
    slot: np.ndarray,
    docs: np.ndarray,
    sources: np.ndarray,
    reasons: np.ndarray,
    scores: np.ndarray,
) -> dict[str, Any]:
    """Columns of terms that do not count."""
    n = len(slot)
    return (
        {
            "contrast": "query",
            "positive": _positive(contrast, place),
            "slot": slot,
            "document": docs,
            "negative_query": np.full(n, -1),
            "source": np.array(SOURCES)[sources],
            "rank": np.full(n, -1),
            **{name: np.full(n, np.nan) for name in ("score_drawn", "positive_score_drawn", "probability")},
            "score": scores,
            "positive_score": np.full(n, _numpy(contrast.scored.scores.positive)[place]),
            **{name: np.zeros(n) for name in ("weight", "loss", "grad_norm")},
            "index_step": np.full(n, -1),
            "judged": np.isin(reasons, (JUDGED, OWN)),
            "hidden": np.zeros(n, bool),
            "masked": reasons.astype(object),
        }
        if n
        else {}
    )


def would_be(training: Training, batch: QueryBatch, draw: Draw) -> np.ndarray:
    """(B, slots) what stands in each slot before the mask: other queries' positives and draws; -1 where there is nothing."""
    assert training.sampler is not None
    docs = draw.docs.astype(np.int64)
    size, n = len(batch.rows), training.config.negatives.per_query
    parts = training.sampler.parts(size, n)
    own = next((columns for part, columns in parts if part.name not in (InBatch.name, Borrowed.name)), None)
    for part, columns in parts:
        if part.name == InBatch.name:
            docs[:, columns] = batch.positives[others_of(size)]
        elif part.name == Borrowed.name and own is not None:
            docs[:, columns] = draw.docs[:, own][others_of(size)].reshape(size, -1)
    return docs


def _score(training: Training, batch: QueryBatch, draw: Draw) -> torch.Tensor:
    """(B, slots) scores of a draw under the weights at hand, -inf where a slot is empty."""
    anchors, vectors, at = encode_batch(training, batch, draw)
    scores = score_batch(training.model.scale, anchors, vectors, at, draw).scores
    return scores.negative.masked_fill(~scores.mask, -torch.inf)


def _positive(contrast: Contrast, place: int) -> int:
    """The row of the dataset of the document that the pair is about."""
    if contrast.dual:
        return int(contrast.batch.labels.queries[contrast.batch.rows[place]])
    return int(contrast.batch.positives[place])


def _numpy(values: torch.Tensor) -> np.ndarray:
    found = values.detach().cpu()
    return np.asarray(found.float().numpy() if found.is_floating_point() else found.numpy())
