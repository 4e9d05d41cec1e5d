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
from .base import Draw, Pool, QueryBatch, Sampler


def label_frequency(labels: Labels, n_docs: int) -> np.ndarray:
    """(n_docs,) expected times a document is the chosen label when every query picks one of its labels."""
    share = 1.0 / np.diff(labels.indptr)
    return np.bincount(labels.docs, weights=np.repeat(share, np.diff(labels.indptr)), minlength=n_docs)


def others_of(size: int) -> np.ndarray:
    """(B, B-1) places of the other queries of a batch of `size`: the batch, rotated past oneself."""
    return (np.arange(1, size)[None, :] + np.arange(size)[:, None]) % size


def judged_positive(batch: QueryBatch, docs: np.ndarray) -> np.ndarray:
    """(B, n) bool: which of `docs` (B, n) are judged relevant for their query."""
    return np.asarray((docs[:, :, None] == batch.judged[:, None, :]).any(axis=2))


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
        docs = batch.positives[others_of(len(batch.rows))].astype(np.int64)  # (B, B-1)
        frequency = label_frequency(batch.labels, batch.n_docs)
        probability = self._of_others(batch, frequency, docs)
        masked = judged_positive(batch, docs)
        return Draw.unranked(np.where(masked, -1, docs), np.where(masked, 0.0, probability), "in-batch")

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

    def parts(self, size: int, n: int) -> list[tuple[Sampler, slice]]:
        """All other positives of the batch."""
        return [(self, slice(0, size - 1))]

    def slots(self, n: int) -> int:
        """One: the batch decides how many there are."""
        return 1

    def capacity(self, labels: Labels, n_docs: int) -> np.ndarray:
        """(Q,) different documents that are a label of some query and not of this one."""
        distinct = np.unique(labels.docs)
        own = 0 if labels.own is None else np.isin(labels.own, distinct)
        return len(distinct) - np.diff(labels.indptr) - own
