"""One step's pieces: which queries, which negatives, what scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..data import Labels
from ..data.tokens import TokenizedDataset
from ..encoders import DualEncoder, TokenBatch
from ..objectives import output_gradient_norm
from ..rng import generator, keyed_uniforms
from ..samplers import Draw, QueryBatch


class DataOrder:
    """Queries of each step: a new permutation an epoch, a function of (seed, step) alone.

    The last, incomplete batch of an epoch is left out; the next permutation puts other queries there.
    """

    def __init__(self, labels: Labels, n_docs: int, batch_size: int, seed: int) -> None:
        self._labels, self._n_docs, self._size, self._seed = labels, n_docs, batch_size, seed
        self.steps_per_epoch = len(labels.queries) // batch_size
        self._epoch, self._order = -1, np.empty(0, np.int64)

    def batch(self, step: int) -> QueryBatch:
        """The batch of the step-th update (0-based), each query with one label picked among its own."""
        epoch, at = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._order = generator(self._seed, "data order", epoch).permutation(len(self._labels.queries))
            self._epoch = epoch
        rows = self._order[at * self._size : (at + 1) * self._size]
        u = keyed_uniforms(self._seed, "positive", step, self._labels.queries[rows], 1)[:, 0]
        start, stop = self._labels.indptr[rows], self._labels.indptr[rows + 1]
        return QueryBatch(rows, start + (u * (stop - start)).astype(np.int64), self._labels, self._n_docs)


@dataclass(frozen=True)
class Scored:
    """Scores of a batch with what they were computed from. positive: (B,); negative, mask: (B, n).

    query_vectors (B, D); document_vectors (U, D): every document of the batch once. positive_at (B,) and
    negative_at (B, n): where each stands in document_vectors.
    """

    positive: Tensor
    negative: Tensor
    mask: Tensor
    query_vectors: Tensor
    document_vectors: Tensor
    positive_at: Tensor
    negative_at: Tensor


def encode_batch(
    model: DualEncoder,
    tokens: TokenizedDataset,
    labels: Labels,
    batch: QueryBatch,
    draw: Draw,
    device: torch.device,
) -> tuple[Tensor, Tensor, np.ndarray]:
    """Query vectors (B, D), vectors (U, D) of every different document, and where each of (B, 1 + n) stands in them.

    A document drawn for several queries is encoded once; masked slots point at the query's positive.
    """
    positives = batch.positives[:, None]
    docs = np.concatenate([positives, np.where(draw.docs >= 0, draw.docs, positives)], axis=1)
    unique, at = np.unique(docs, return_inverse=True)
    queries = TokenBatch.of(tokens.queries, labels.queries[batch.rows]).to(device)
    documents = TokenBatch.of(tokens.docs, unique).to(device)
    query_vectors, document_vectors = model(queries, documents)
    return query_vectors.float(), document_vectors.float(), at.reshape(docs.shape)


def score_batch(
    scale: float, query_vectors: Tensor, document_vectors: Tensor, at: np.ndarray, draw: Draw
) -> Scored:
    """All scores from one product of queries with documents, in float32."""
    where = torch.from_numpy(at).to(query_vectors.device)
    scores = scale * (query_vectors @ document_vectors.T).gather(1, where)
    mask = torch.from_numpy(draw.docs >= 0).to(scores.device)
    return Scored(
        scores[:, 0], scores[:, 1:], mask, query_vectors, document_vectors, where[:, 0], where[:, 1:]
    )


@torch.no_grad()
def pair_gradient_norms(scored: Scored, weights: Tensor, scale: float) -> Tensor:
    """(B, n) output-layer gradient norm of every pair; see `objectives.output_gradient_norm`."""
    q, d = scored.query_vectors, scored.document_vectors
    inner = d @ d.T
    squares = inner.diagonal()
    return output_gradient_norm(
        weights,
        q.square().sum(1),
        squares[scored.positive_at],
        squares[scored.negative_at],
        inner[scored.positive_at[:, None], scored.negative_at],
        scale,
    )
