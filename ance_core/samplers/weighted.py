"""Sampling from a pool by the weights it was mined with.

    p(d_i | q) = w_i / sum_j w_j          w from `Pool.log_weights`; all alike where the pool has none

For pools that were put together from several sources, each with a mass of its own: ANCE-Tele's ANN, lookahead
and momentum candidates (Sun et al. 2022). How mass becomes weights is `training.teleport`'s part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.dataset import Labels
from ..errors import ConfigError
from .base import Pool, QueryBatch
from .ranked import Ranked


@dataclass(frozen=True)
class Weighted(Ranked):
    """depth: columns of the pool. per_source: candidates that each source brings; None: there is one source."""

    per_source: int | None = None

    name = "weighted"
    citation = "Sun et al. 2022 (ANCE-Tele)"
    formula = r"p(d \mid q) \propto \sum_{g:\, d \in G_g(q)} m_g / |G_g(q)|"

    def log_weights(self, pool: Pool, batch: QueryBatch) -> np.ndarray:
        """The pool's own, or zero for every candidate."""
        if pool.log_weights is None:
            return np.zeros((len(batch.rows), pool.docs.shape[1]))
        return pool.log_weights[batch.rows].astype(np.float64)

    def capacity(self, labels: Labels, n_docs: int) -> np.ndarray:
        """(Q,) what one source holds: the others may bring nothing new."""
        return np.minimum(self.per_source or self.depth, n_docs - np.diff(labels.excluded[0]))

    def check(self, labels: Labels, n_docs: int, n: int) -> None:
        """See `Sampler.check`; refuses also sources as large as the corpus, which would all be the same."""
        least = int((n_docs - np.diff(labels.excluded[0])).min())
        if self.per_source is not None and self.per_source > least:
            raise ConfigError(
                f"negatives.pool_depth: each source is to bring {self.per_source} candidates, but some training query "
                f"has only {least} documents that are not its positives, so all sources would hold the same; lower "
                f"negatives.pool_depth to at most {least}"
            )
        super().check(labels, n_docs, n)
