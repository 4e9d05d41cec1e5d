"""A mixture of samplers: each draw first picks a component, then draws from it.

    p(d | q) = sum_c share_c * p_c(d | q)

BM25 + random is the mixture DPR made popular (BM25+Rand in ANCE, Table 1). For n > 1, each slot picks a component
and takes its next document; one that stands there already, or is missing, is replaced from what is left over.
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

    def uniforms_needed(self, n: int) -> int:
        """For each slot one to pick the component, then what every component needs for n draws of its own."""
        return n + sum(c.uniforms_needed(n) for c in self.components)

    def draw(self, batch: QueryBatch, pools: Mapping[str, Pool], n: int, uniforms: np.ndarray) -> Draw:
        """See `Sampler.draw`. Where all components together have fewer than n documents, the last slots hold -1."""
        at, parts = n, []
        for component in self.components:
            width = component.uniforms_needed(n)
            parts.append(component.draw(batch, pools, n, uniforms[:, at : at + width]))
            at += width
        everything = _side_by_side(parts)  # (B, C n)
        drawn = _take_columns(everything, self._picks(uniforms[:, :n]))
        if n > 1:
            spare = [part for part, share in zip(parts, self.shares, strict=True) if share > 0]
            drawn = _first_distinct(_side_by_side([drawn, *spare]), n)
        probability = self.probability_of(batch, pools, np.maximum(drawn.docs, 0))
        return replace(drawn, probability=np.where(drawn.docs >= 0, probability, 0.0))

    def _picks(self, uniforms: np.ndarray) -> np.ndarray:
        """(B, n) column of the components' draws side by side that each slot takes: the next of the one picked."""
        n = uniforms.shape[1]
        choice = np.searchsorted(np.cumsum(self.shares)[:-1], uniforms, side="right")
        picked = choice[:, :, None] == np.arange(len(self.components))  # (B, n, C)
        place = np.take_along_axis(np.cumsum(picked, axis=1), choice[:, :, None], axis=2)[:, :, 0] - 1
        return np.asarray(choice * n + place)

    def probability_of(self, batch: QueryBatch, pools: Mapping[str, Pool], docs: np.ndarray) -> np.ndarray:
        """(B, n) the components' probabilities, weighted."""
        return self._weighted([c.probability_of(batch, pools, docs) for c in self.components])

    def probabilities(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B, n_docs): the components' distributions, weighted."""
        return self._weighted([c.probabilities(batch, pools) for c in self.components])

    def probabilities_on(self, batch: QueryBatch, pools: Mapping[str, Pool], docs: np.ndarray) -> np.ndarray:
        """(B, U) the components' probabilities, weighted."""
        return self._weighted([c.probabilities_on(batch, pools, docs) for c in self.components])

    def expected_draws(
        self, labels: Labels, n_docs: int, pools: Mapping[str, Pool], step: int = 0
    ) -> np.ndarray:
        """(n_docs,) the components' expectations, weighted."""
        return self._weighted([c.expected_draws(labels, n_docs, pools, step) for c in self.components])

    def mass(self, batch: QueryBatch, pools: Mapping[str, Pool]) -> np.ndarray:
        """(B,) shares of the components that have a candidate."""
        return self._weighted([c.mass(batch, pools) for c in self.components])

    def _weighted(self, parts: list[np.ndarray]) -> np.ndarray:
        return np.asarray(np.sum([s * p for s, p in zip(self.shares, parts, strict=True)], axis=0))

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
    order = np.argsort(docs, axis=1, kind="stable")
    ordered = np.take_along_axis(docs, order, axis=1)
    useless = ordered < 0
    useless[:, 1:] |= ordered[:, 1:] == ordered[:, :-1]
    late = np.empty_like(useless)
    np.put_along_axis(late, order, useless, axis=1)
    first = np.argsort(late, axis=1, kind="stable")[:, :n]
    kept = _take_columns(draw, first)
    return replace(kept, docs=np.where(np.take_along_axis(late, first, axis=1), -1, kept.docs))
