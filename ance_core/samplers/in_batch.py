"""In-batch negatives: the positives of the other queries of the batch, judged positives masked by id.

    p(d | q) = sum over q' != q of P(q' is in the slot) * P(d is q''s chosen label), renormalised over d not in D+_q

No extra document is encoded, which is why everybody starts here. A document is drawn as often as it is a
label, so frequent answers are frequent negatives. Masking is by document id: masking by equal embeddings
fails under dropout, and two different documents can have the same text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..data.dataset import Labels
from .base import SOURCES, Draw, Pool, QueryBatch, Sampler


def label_frequency(labels: Labels, n_docs: int) -> np.ndarray:
    """(n_docs,) expected times a document is the chosen label when every query picks one of its labels."""
    share = 1.0 / np.diff(labels.indptr)
    return np.bincount(labels.docs, weights=np.repeat(share, np.diff(labels.indptr)), minlength=n_docs)


@dataclass(frozen=True)
class InBatch(Sampler):
    """All other positives of the batch: n is ignored, each query gets B - 1 slots, masked ones hold -1."""

    name = "in-batch"
    citation = "Xiong et al. 2021 (ANCE), Table 1, NCE Neg; Karpukhin et al. 2020 (DPR)"
    formula = (
        r"p(d \mid q) \propto \sum_{q' \ne q} P(d \text{ is the label chosen for } q'), \; d \notin D^+_q"
    )

    def draw(self, batch: QueryBatch, pools: Mapping[str, Pool], n: int, uniforms: np.ndarray) -> Draw:
        """See `Sampler.draw`; the probability of a document depends on the query through its mask."""
        size = len(batch.rows)
        others = np.arange(1, size)[None, :] + np.arange(size)[:, None]
        docs = batch.positives[others % size].astype(np.int64)  # (B, B-1): the batch, rotated past oneself
        frequency = label_frequency(batch.labels, batch.n_docs)
        probability = self._of_others(batch, frequency, docs)
        masked = (docs[:, :, None] == batch.judged[:, None, :]).any(axis=2)
        return Draw(
            docs=np.where(masked, -1, docs).astype(np.int32),
            ranks=np.full(docs.shape, -1, np.int32),
            scores=np.full(docs.shape, np.nan, np.float32),
            positive_scores=np.full(docs.shape, np.nan, np.float32),
            probability=np.where(masked, 0.0, probability),
            sources=np.full(docs.shape, SOURCES.index("in-batch"), np.uint8),
            index_step=np.full(docs.shape, -1, np.int32),
        )

    def _of_others(self, batch: QueryBatch, frequency: np.ndarray, docs: np.ndarray) -> np.ndarray:
        """Probability of `docs` (B, m), none of them judged: frequency over what the mask lets through."""
        padded = np.append(frequency, 0.0)
        allowed = frequency.sum() - padded[batch.judged].sum(axis=1)
        return np.asarray(padded[docs] / np.maximum(allowed, 1e-300)[:, None])

    def probabilities(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B, n_docs): a query's own labels are masked, so its own share of the frequencies drops out too."""
        frequency = np.append(label_frequency(batch.labels, batch.n_docs), 0.0)
        p = np.repeat(frequency[None, :], len(batch.rows), axis=0)
        np.put_along_axis(p, batch.judged, 0.0, axis=1)
        p = p[:, : batch.n_docs]
        return np.asarray(p / np.maximum(p.sum(axis=1, keepdims=True), 1e-300))

    def slots(self, n: int) -> int:
        """One: the batch decides how many there are."""
        return 1

    def capacity(self, labels: Labels, n_docs: int) -> np.ndarray:
        """(Q,) different documents that are a label of some query and not of this one."""
        distinct = len(np.unique(labels.docs))
        return distinct - np.diff(labels.indptr)
