"""Instances for a probe: the same queries for every sampler, a negative each, measured under one set of weights.

All are measured with the two-way NLL, whatever a method trains with: what differs is then the negative alone. In-batch
fills many slots; one of them is taken, each as likely as the others. Where a sampler has draws of its own beside what
the batch brings along (STAR, ANCE-Tele), one of those is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..probes.gradients import InstanceNorms, Instances, instance_norms
from ..rng import generator, keyed_uniforms
from ..runs.probes import BAND
from ..samplers import SOURCES, Pool, QueryBatch, Sampler
from ..samplers.in_batch import InBatch
from ..samplers.whole_batch import Borrowed

if TYPE_CHECKING:
    import pandas as pd

    from ..encoders import DualEncoder
    from .embeddings import CurrentEmbeddings
    from .problem import Problem

Measure = Callable[..., InstanceNorms]
BATCH = 32


@dataclass(frozen=True)
class Drawn:
    """A negative for each probe query that got one. All (m,); row: place in `problem.labels.queries`."""

    row: np.ndarray
    positive: np.ndarray
    document: np.ndarray
    source: np.ndarray
    probability: np.ndarray


def probe_batches(problem: Problem, queries: int, step: int) -> list[QueryBatch]:
    """A fixed sample of training queries, each with a fixed label, in batches that depend on neither run nor step."""
    labels = problem.labels
    rows = generator(0, "probe queries").permutation(len(labels.queries))[:queries]
    u = keyed_uniforms(0, "probe positive", 0, labels.queries[rows], 1)[:, 0]
    start, stop = labels.indptr[rows], labels.indptr[rows + 1]
    label = start + (u * (stop - start)).astype(np.int64)
    parts = max(len(rows) // BATCH, 1)
    return [
        QueryBatch(r, b, labels, problem.n_docs, step)
        for r, b in zip(np.array_split(rows, parts), np.array_split(label, parts), strict=True)
    ]


def draw_one(sampler: Sampler, pools: Mapping[str, Pool], batches: list[QueryBatch], n: int) -> Drawn:
    """One negative a query; queries that the sampler has none for are left out. n: negatives it is asked for."""
    parts = []
    for batch in batches:
        queries = batch.labels.queries[batch.rows]
        uniforms = keyed_uniforms(0, "probe negatives", batch.step, queries, sampler.uniforms_needed(n))
        draw = sampler.draw(batch, pools, n, uniforms)
        own = own_slots(sampler, draw.docs.shape, n)
        order = keyed_uniforms(0, "probe slot", batch.step, queries, draw.docs.shape[1])
        slot = np.where((draw.docs >= 0) & own, order, -1.0).argmax(axis=1)
        at = (np.arange(len(slot)), slot)
        columns = (
            batch.rows,
            batch.positives,
            draw.docs[at],
            np.array(SOURCES)[draw.sources[at]],
            draw.probability[at],
        )
        filled = (draw.docs[at] >= 0) & own[slot]
        parts.append([column[filled] for column in columns])
    return Drawn(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def own_slots(sampler: Sampler, shape: tuple[int, ...], n: int) -> np.ndarray:
    """(slots,) bool: those a sampler draws itself; all, where it draws none."""
    own = np.zeros(shape[1], bool)
    for part, where in sampler.parts(shape[0], n):
        own[where] = part.name not in (InBatch.name, Borrowed.name)
    return own if own.any() else ~own


def measure_drawn(
    problem: Problem,
    model: DualEncoder,
    embeddings: CurrentEmbeddings,
    drawn: Mapping[str, Drawn],
    step: int,
    measure: Measure = instance_norms,
) -> pd.DataFrame:
    """Norms, losses, scores and ranks of what each sampler drew; columns as in `runs.probes`."""
    import pandas as pd

    frames = []
    for name, d in drawn.items():
        if not len(d.row):
            continue
        queries = problem.labels.queries[d.row]
        found = measure(
            model, problem.tokens, Instances(queries, d.positive.astype(np.int64), d.document[:, None])
        )
        ranks = ranks_now(problem, embeddings, step, d.row, np.stack([d.document, d.positive], axis=1))
        columns = {
            "sampler": name,
            "query": queries,
            "positive": d.positive,
            "document": d.document,
            "source": d.source,
            "probability": d.probability,
            "hidden": problem.is_hidden(d.row, d.document[:, None])[:, 0],
            "rank": ranks[:, 0],
            "positive_rank": ranks[:, 1],
            "score": found.negative_score[:, 0],
            "positive_score": found.positive_score,
            "loss": found.loss,
            "output": found.output,
            "total": found.total,
        }
        frames.append(pd.DataFrame(columns | {BAND + band: norms for band, norms in found.bands.items()}))
    return pd.concat(frames, ignore_index=True)


def ranks_now(
    problem: Problem, embeddings: CurrentEmbeddings, step: int, rows: np.ndarray, docs: np.ndarray
) -> np.ndarray:
    """(m, k) 0-based ranks of `docs` (m, k) for queries `rows` (m,): documents above it that are not judged."""
    labels = problem.labels
    corpus, passages = embeddings.documents(step), problem.tokens.docs.passages
    queries = embeddings.queries(labels.queries[rows])
    ranks = np.empty(docs.shape, np.int64)
    for start in range(0, len(rows), 64):
        part = slice(start, start + 64)
        batch = QueryBatch(rows[part], labels.indptr[rows[part]], labels, problem.n_docs, step)
        scores = queries[part] @ corpus.T  # (64, N), or a column a passage
        if passages is not None:
            scores = passages.best(scores)
        own = np.take_along_axis(scores, docs[part].astype(np.int64), axis=1)
        padded = np.append(scores, np.full((len(scores), 1), -np.inf, scores.dtype), axis=1)
        np.put_along_axis(padded, batch.judged, -np.inf, axis=1)
        for k in range(docs.shape[1]):
            ranks[part, k] = (padded > own[:, k : k + 1]).sum(axis=1)
    return ranks
