"""What a recipe is: a paper's method as a choice of sampler, objective, pools and refresh.

A recipe file reads like the method section of its paper. Everything it names is shared with the others, so
two recipes differ in what their papers say they differ in and in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from ..config import NegativesConfig
from ..objectives import Objective
from ..samplers import Sampler

PoolKind = Literal["bm25", "own"]
"""bm25: ranked by BM25, once. own: ranked by the model in training, at the start and at every refresh."""


@dataclass(frozen=True)
class Recipe:
    """A method.

    sampler: builds the sampler from the run's negatives settings. pools: what must be mined for it.
    own_source: how negatives from the model's own pool are labelled in the records ("static" or "ann").
    defaults: settings that belong to the method; the user's own settings win over them.
    differs: where this deviates from the paper or the authors' code, a sentence each.
    """

    name: str
    title: str
    idea: str
    citation: str
    sampler: Callable[[NegativesConfig], Sampler]
    objective: Objective
    pools: tuple[PoolKind, ...] = ()
    own_source: str = "ann"
    defaults: dict[str, Any] = field(default_factory=dict)
    differs: tuple[str, ...] = ()

    @property
    def refreshes(self) -> bool:
        """Whether its pools follow the model."""
        return "own" in self.pools and self.own_source == "ann"
