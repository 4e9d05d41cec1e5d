"""A mixture of samplers: each draw first picks a component, then draws from it.

    p(d | q) = sum_c share_c * p_c(d | q)

BM25 + random is the mixture DPR made popular (BM25+Rand in ANCE, Table 1). For n > 1, single draws are
repeated and repeats of a document dropped, which is sampling without replacement from the mixture itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from ..data.dataset import Labels
from ..errors import ConfigError
from .base import Draw, Pool, QueryBatch, Sampler


@dataclass(frozen=True)
class Mixture(Sampler):
    """components and their shares (positive, summing to 1)."""

    components: tuple[Sampler, ...]
    shares: tuple[float, ...]

    name = "mixture"
    uneven = True
    citation = "Karpukhin et al. 2020 (DPR); Xiong et al. 2021 (ANCE), Table 1, BM25+Rand"
    formula = r"p(d \mid q) = \sum_c \pi_c \, p_c(d \mid q)"

    def __post_init__(self) -> None:
        if (
            len(self.shares) != len(self.components)
            or min(self.shares) < 0
            or abs(sum(self.shares) - 1) > 1e-9
        ):
            raise ConfigError(
                f"shares: {self.shares} must be one non-negative number a component, summing to 1"
            )

    @property
    def pools(self) -> tuple[str, ...]:
        """All the components' pools."""
        return tuple(name for c in self.components for name in c.pools)

    def _tries(self, n: int) -> int:
        return 1 if n == 1 else 4 * n + 8

    def uniforms_needed(self, n: int) -> int:
        """For each try: one to pick the component, then what every component needs for a single draw."""
        return self._tries(n) * (1 + sum(c.uniforms_needed(1) for c in self.components))

    def draw(self, batch: QueryBatch, pools: Mapping[str, Pool], n: int, uniforms: np.ndarray) -> Draw:
        """See `Sampler.draw`. In the rare row with fewer than n different documents, the last slots hold -1."""
        width = self.uniforms_needed(1)
        tries = [
            self._single(batch, pools, uniforms[:, t * width : (t + 1) * width])
            for t in range(self._tries(n))
        ]
        drawn = tries[0] if n == 1 else _first_distinct(_side_by_side(tries), n)
        probability = self.probability_of(batch, pools, np.maximum(drawn.docs, 0))
        return replace(drawn, probability=np.where(drawn.docs >= 0, probability, 0.0))

    def _single(self, batch: QueryBatch, pools: Mapping[str, Pool], uniforms: np.ndarray) -> Draw:
        at, parts = 1, []
        for component in self.components:
            width = component.uniforms_needed(1)
            parts.append(component.draw(batch, pools, 1, uniforms[:, at : at + width]))
            at += width
        choice = np.searchsorted(np.cumsum(self.shares)[:-1], uniforms[:, 0], side="right")[:, None]
        return _take_columns(_side_by_side(parts), choice)

    def probability_of(self, batch: QueryBatch, pools: Mapping[str, Pool], docs: np.ndarray) -> np.ndarray:
        """(B, n) the components' probabilities, weighted."""
        pairs = zip(self.components, self.shares, strict=True)
        return np.asarray(
            np.sum([share * c.probability_of(batch, pools, docs) for c, share in pairs], axis=0)
        )

    def probabilities(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B, n_docs): the components' distributions, weighted."""
        parts = [
            share * c.probabilities(batch, pools)
            for c, share in zip(self.components, self.shares, strict=True)
        ]
        return np.asarray(np.sum(parts, axis=0))

    def capacity(self, labels: Labels, n_docs: int) -> np.ndarray:
        """(Q,) at least the largest capacity of a component that is ever picked."""
        return np.asarray(np.max([c.capacity(labels, n_docs) for c in self._live()], axis=0))

    def support(self, labels: Labels, n_docs: int, pools: Mapping[str, Pool]) -> np.ndarray:
        """(Q,) at least the largest support of a component that is ever picked."""
        return np.asarray(np.max([c.support(labels, n_docs, pools) for c in self._live()], axis=0))

    def _live(self) -> list[Sampler]:
        return [c for c, share in zip(self.components, self.shares, strict=True) if share > 0]


def _columns(draw: Draw) -> dict[str, np.ndarray]:
    return {f.name: getattr(draw, f.name) for f in fields(draw)}


def _side_by_side(draws: list[Draw]) -> Draw:
    parts = [_columns(d) for d in draws]
    return Draw(**{key: np.concatenate([p[key] for p in parts], axis=1) for key in parts[0]})


def _take_columns(draw: Draw, columns: np.ndarray) -> Draw:
    return Draw(**{key: np.take_along_axis(value, columns, axis=1) for key, value in _columns(draw).items()})


def _first_distinct(draw: Draw, n: int) -> Draw:
    """The first n different documents of each row, in order; -1 where a row has no more."""
    docs = draw.docs
    repeat = np.zeros(docs.shape, bool)
    for j in range(1, docs.shape[1]):
        repeat[:, j] = (docs[:, :j] == docs[:, j : j + 1]).any(axis=1)
    order = np.argsort(repeat, axis=1, kind="stable")[:, :n]
    first = _take_columns(draw, order)
    return replace(first, docs=np.where(np.take_along_axis(repeat, order, axis=1), -1, first.docs))
