"""The settings that can be tried without training: which candidates stay, and how they are weighed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ...config import FilterConfig
from ...errors import ConfigError
from ...samplers import Ambiguous, Pool, Ranked, TopK
from ...samplers.base import QueryBatch

Recipe = Literal["ance", "simans"]
POOL = "own"
SIMANS = ("a", "a_rule", "b", "b_sign", "form", "tau")
UNFILTERED = FilterConfig().model_dump()


@dataclass(frozen=True)
class WhatIf:
    """recipe: `ance`, uniform over the candidates; `simans`, around the positive. depth: candidates before filtering.

    a: sharpness, 1 / score^2, None: suggested by `a_rule`, see `samplers.Ambiguous`; b: peak in score units above the
    positive; simans only.
    filters: as `negatives.filter`.
    """

    recipe: Recipe = "ance"
    depth: int = 200
    a: float | None = None
    b: float = 0.0
    filters: FilterConfig = field(default_factory=FilterConfig)
    a_rule: Literal["query", "pool"] = "query"

    def __post_init__(self) -> None:
        if self.recipe not in ("ance", "simans"):
            raise ConfigError(f"recipe: {self.recipe!r} cannot be tried here; choose ance or simans")
        if self.depth < 1:
            raise ConfigError(f"depth: {self.depth} leaves no candidate; choose 1 or more")
        if self.a is not None and not self.a > 0:
            raise ConfigError(f"a: {self.a:g} is not above 0; raise it, or leave it out to have it suggested")

    def sampler(self) -> Ranked:
        """The one that training would draw with."""
        if self.recipe == "simans":
            return Ambiguous(POOL, self.depth, a=self.a, b=self.b, rule=self.a_rule)
        return TopK(POOL, self.depth)

    def sharpness(self, pool: Pool, batch: QueryBatch) -> float | None:
        """The a in force with a pool, of an a for each query the median; None where there is none."""
        sampler = self.sampler()
        return float(np.median(sampler.sharpness(pool, batch))) if isinstance(sampler, Ambiguous) else None

    def settings(self, parent: Mapping[str, Any]) -> dict[str, Any]:
        """Dotted settings for a fork of a run with the config `parent` (nested), so that it draws in this way.

        None takes back what the parent has set and this does not.
        """
        own: dict[str, Any] = {"negatives.pool_depth": self.depth}
        inherited = parent.get("method") or {} if parent.get("recipe") == self.recipe else {}
        if self.recipe == "simans":
            one_for_all = self.a is None and self.a_rule == "pool"
            said = {"a": self.a, "a_rule": "pool" if one_for_all else None, "b": self.b}
            names = [n for n in SIMANS if said.get(n) is not None or inherited.get(n) is not None]
            own |= {f"method.{name}": said.get(name) for name in names}
        before = (parent.get("negatives") or {}).get("filter") or {}
        filters = self.filters.given()
        for name, unset in UNFILTERED.items():
            if name in filters or before.get(name, unset) != unset:
                own[f"negatives.filter.{name}"] = filters.get(name, unset)
        return own


def arguments(settings: Mapping[str, Any]) -> list[str]:
    """The same for a command line: `--set`, `negatives.pool_depth=50`, ..."""
    said = []
    for key, value in settings.items():
        text = "null" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
        said += ["--set", f"{key}={text}"]
    return said
