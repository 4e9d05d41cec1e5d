"""A curriculum: one sampler until a given step, another from then on.

    p_t(d | q) = p_first(d | q)  for t < at,        p_second(d | q)  from then on

The order most papers train in, easy or fixed negatives first: ANCE warms up on BM25 negatives (Xiong et al. 2021,
section 4), ADORE starts from STAR. Here it is one run without a seam: same optimizer state, same learning rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..data.dataset import Labels
from .base import Draw, Pool, QueryBatch, Sampler


@dataclass(frozen=True)
class Curriculum(Sampler):
    """first: used while fewer than `at` updates are done. second: used from then on."""

    first: Sampler
    second: Sampler
    at: int

    name = "curriculum"
    uneven = True
    citation = "BM25 warm-up, then ANCE: Xiong et al. 2021 (ANCE), section 4"
    formula = r"p_t(d \mid q) = p_1(d \mid q) \text{ for } t < t_0, \; p_2(d \mid q) \text{ from } t_0"

    def now(self, step: int) -> Sampler:
        """The sampler in use for the update after `step`."""
        return self.first if step < self.at else self.second

    @property
    def pools(self) -> tuple[str, ...]:
        """Those of both."""
        return self.first.pools + self.second.pools

    def draw(self, batch: QueryBatch, pools: Mapping[str, Pool], n: int, uniforms: np.ndarray) -> Draw:
        """See `Sampler.draw`."""
        return self.now(batch.step).draw(batch, pools, n, uniforms)

    def probabilities(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B, n_docs) of the sampler in use at the batch's step."""
        return self.now(batch.step).probabilities(batch, pools)

    def probability_of(self, batch: QueryBatch, pools: Mapping[str, Pool], docs: np.ndarray) -> np.ndarray:
        """(B, n) of the sampler in use at the batch's step."""
        return self.now(batch.step).probability_of(batch, pools, docs)

    def probabilities_on(self, batch: QueryBatch, pools: Mapping[str, Pool], docs: np.ndarray) -> np.ndarray:
        """(B, U) of the sampler in use at the batch's step."""
        return self.now(batch.step).probabilities_on(batch, pools, docs)

    def expected_draws(
        self, labels: Labels, n_docs: int, pools: Mapping[str, Pool], step: int = 0
    ) -> np.ndarray:
        """(n_docs,) of the sampler in use at that step."""
        return self.now(step).expected_draws(labels, n_docs, pools, step)

    def mass(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B,) of the sampler in use at the batch's step."""
        return self.now(batch.step).mass(batch, pools)

    def effective_sizes(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B,) of the sampler in use at the batch's step."""
        return self.now(batch.step).effective_sizes(batch, pools)

    def rank_probabilities(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray | None:
        """(B, K) of the sampler in use at the batch's step."""
        return self.now(batch.step).rank_probabilities(batch, pools)

    def notes(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> str:
        """Which of the two is in use."""
        notes = self.now(batch.step).notes(batch, pools)
        return f"'{self.now(batch.step).name}' from pool '{self.now(batch.step).pools[0]}'{notes and ': ' + notes}"

    def capacity(self, labels: Labels, n_docs: int) -> np.ndarray:
        """(Q,) the smaller of the two: both must be able to serve every query."""
        return np.minimum(self.first.capacity(labels, n_docs), self.second.capacity(labels, n_docs))

    def support(self, labels: Labels, n_docs: int, pools: Mapping[str, Pool]) -> np.ndarray:
        """(Q,) the smaller of the two."""
        both = (s.support(labels, n_docs, pools) for s in (self.first, self.second))
        return np.minimum(*both)

    def check(self, labels: Labels, n_docs: int, n: int) -> None:
        """Both."""
        self.first.check(labels, n_docs, n)
        self.second.check(labels, n_docs, n)

    def uniforms_needed(self, n: int) -> int:
        """Enough for either."""
        return max(self.first.uniforms_needed(n), self.second.uniforms_needed(n))

    def slots(self, n: int) -> int:
        """As many as either needs."""
        return max(self.first.slots(n), self.second.slots(n))
