"""All other passages of the batch: whatever was encoded for one query is a negative of every other one.

    slots of q:  [positives of the others]  [q's own draws]  [the others' draws]        B - 1, n, (B - 1) n

STAR (Zhan et al. 2021; model.py:126-182 of the authors' code) and ANCE-Tele (Sun et al. 2022;
ancetele/networks/DenseRetriever.py:144-157) score every query against every passage of its batch, and so does any
sampler with `negatives.in_batch`: MultipleNegativesRankingLoss with hard negatives in sentence-transformers. Judged
positives are masked by id, for each query its own. A document that stands in two slots of a query, as another's
positive and as a draw say, counts in both, as it does in the authors' codes.

Each group of slots has a distribution of its own. The others' draws follow

    p(d | q) = sum over q' != q of p_own(d | q'), renormalised over d not in D+_q
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from ..data.dataset import Labels
from .base import Draw, Pool, QueryBatch, Sampler
from .in_batch import InBatch, judged_positive, others_of

_ROUNDING = 1e-12  # relative: what is left of a difference that should be zero


@dataclass(frozen=True)
class Borrowed(Sampler):
    """What `own` draws for the other queries of the batch: (B - 1) n slots, labelled in-batch, ranked for nobody here."""

    own: Sampler

    name = "borrowed"
    citation = "Zhan et al. 2021 (STAR), Eq 13 in the authors' code: all hard documents of the batch"
    formula = r"p(d \mid q) \propto \sum_{q' \ne q} p_{own}(d \mid q'), \; d \notin D^+_q"

    @property
    def pools(self) -> tuple[str, ...]:
        """Those of `own`."""
        return self.own.pools

    def draw(self, batch: QueryBatch, pools: Mapping[str, Pool], n: int, uniforms: np.ndarray) -> Draw:
        """See `Sampler.draw`."""
        return self.lend(batch, pools, self.own.draw(batch, pools, n, uniforms).docs)

    def lend(self, batch: QueryBatch, pools: Mapping[str, Pool], drawn: np.ndarray) -> Draw:
        """The draws (B, n) of each query, as slots (B, (B - 1) n) of all the others."""
        size = len(batch.rows)
        docs = drawn[others_of(size)].reshape(size, -1)
        masked = (docs < 0) | judged_positive(batch, docs)
        probability = self.probability_of(batch, pools, docs)
        return Draw.unranked(np.where(masked, -1, docs), np.where(masked, 0.0, probability), "in-batch")

    def probability_of(self, batch: QueryBatch, pools: Mapping[str, Pool], docs: np.ndarray) -> np.ndarray:
        """(B, m) of `docs` (B, m); zero for judged positives."""
        expected = self._expected(batch, pools)
        unique, at = np.unique(np.where(docs < 0, batch.n_docs, docs), return_inverse=True)
        real = unique < batch.n_docs
        share = np.zeros((len(batch.rows), len(unique)))
        share[:, real] = self.own.probabilities_on(batch, pools, unique[real])  # of each query's own draws
        rest = _difference(expected[unique][None, :], share) / self._allowed(batch, pools, expected)[:, None]
        p = np.take_along_axis(rest, at.reshape(docs.shape), axis=1)
        return np.where(judged_positive(batch, docs), 0.0, p)

    def probabilities(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B, n_docs): how often the others draw it, less the judged."""
        expected = self._expected(batch, pools)
        p = _difference(expected[None, :-1], self.own.probabilities(batch, pools))
        p = np.append(p, np.zeros((len(p), 1)), axis=1)
        np.put_along_axis(p, batch.judged, 0.0, axis=1)
        return np.asarray(p[:, :-1] / self._allowed(batch, pools, expected)[:, None])

    def _expected(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(n_docs + 1,) expected draws of each document when all queries draw; the last cell is padding."""
        return np.append(self.own.expected_draws(batch.labels, batch.n_docs, pools, batch.step), 0.0)

    def _allowed(self, batch: QueryBatch, pools: Mapping[str, Pool], expected: np.ndarray) -> np.ndarray:
        """(B,) expected draws of the other queries that the mask lets through; q itself draws no judged ones."""
        own = self.own.mass(batch, pools)
        return np.maximum(expected.sum() - own - expected[batch.judged].sum(axis=1), 1e-300)

    def capacity(self, labels: Labels, n_docs: int) -> np.ndarray:
        """(Q,) as for `own`."""
        return self.own.capacity(labels, n_docs)

    def uniforms_needed(self, n: int) -> int:
        """What `own` consumes."""
        return self.own.uniforms_needed(n)

    def parts(self, size: int, n: int) -> list[tuple[Sampler, slice]]:
        """n draws of each other query."""
        return [(self, slice(0, (size - 1) * n))]


def _difference(total: np.ndarray, part: np.ndarray) -> np.ndarray:
    rest = total - part
    return np.where(rest <= _ROUNDING * total, 0.0, rest)


@dataclass(frozen=True)
class WholeBatch(Sampler):
    """B - 1 positives of others, n draws of one's own, (B - 1) n draws of others. own: what draws."""

    own: Sampler

    name = "whole-batch"
    citation = "Zhan et al. 2021 (STAR); Sun et al. 2022 (ANCE-Tele)"
    formula = r"\{d^+_{q'}\}_{q' \ne q} \cup \{d^-_{q'}\}_{q' \in B} \setminus D^+_q"

    @property
    def pools(self) -> tuple[str, ...]:
        """Those of `own`."""
        return self.own.pools

    def draw(self, batch: QueryBatch, pools: Mapping[str, Pool], n: int, uniforms: np.ndarray) -> Draw:
        """See `Sampler.draw`; `probability` is that of a slot's own group."""
        own = self.own.draw(batch, pools, n, uniforms)
        lent = Borrowed(self.own).lend(batch, pools, own.docs)
        groups = [InBatch().draw(batch, pools, n, uniforms), own, lent]
        columns = {
            f.name: np.concatenate([getattr(group, f.name) for group in groups], axis=1) for f in fields(Draw)
        }
        return Draw(**columns)

    def parts(self, size: int, n: int) -> list[tuple[Sampler, slice]]:
        """The three groups."""
        first, second = size - 1, size - 1 + n
        return [
            (InBatch(), slice(0, first)),
            (self.own, slice(first, second)),
            (Borrowed(self.own), slice(second, second + (size - 1) * n)),
        ]

    def probabilities(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B, n_docs) of one's own draws; the other groups' are those of `parts`."""
        return self.own.probabilities(batch, pools)

    def probability_of(self, batch: QueryBatch, pools: Mapping[str, Pool], docs: np.ndarray) -> np.ndarray:
        """(B, m) of one's own draws."""
        return self.own.probability_of(batch, pools, docs)

    def capacity(self, labels: Labels, n_docs: int) -> np.ndarray:
        """(Q,) of one's own draws."""
        return self.own.capacity(labels, n_docs)

    def support(self, labels: Labels, n_docs: int, pools: Mapping[str, Pool]) -> np.ndarray:
        """(Q,) of one's own draws."""
        return self.own.support(labels, n_docs, pools)

    def check(self, labels: Labels, n_docs: int, n: int) -> None:
        """Of one's own draws."""
        self.own.check(labels, n_docs, n)

    def uniforms_needed(self, n: int) -> int:
        """What `own` consumes; the other groups add no chance."""
        return self.own.uniforms_needed(n)

    def effective_sizes(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B,) of one's own draws."""
        return self.own.effective_sizes(batch, pools)

    def rank_probabilities(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray | None:
        """(B, K) of one's own draws."""
        return self.own.rank_probabilities(batch, pools)

    def notes(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> str:
        """On one's own draws."""
        return self.own.notes(batch, pools)

    def slots(self, n: int) -> int:
        """Of one's own draws."""
        return self.own.slots(n)
