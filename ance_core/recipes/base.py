"""What a recipe is: a paper's method as a choice of sampler, objective, pools and refresh.

A recipe file reads like the method section of its paper. Everything it names is shared with the others, so
two recipes differ in what their papers say they differ in and in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..config import RunConfig
from ..data import Labels
from ..objectives import Objective
from ..samplers import Pool, Sampler

PoolKind = Literal["bm25", "own", "dual"]
"""bm25: ranked by BM25, once. own: ranked by the model in training, at the start and at every refresh.
dual: training queries ranked for each positive document, by the model too."""

Step = Literal["contrast", "dual", "listwise"]
"""contrast: queries against documents. dual: documents against queries as well. listwise: the query tower alone
against its own current ranking."""


@dataclass(frozen=True)
class Parameter:
    """One number or choice of a method as published, and as it is here.

    setting: dotted name in `RunConfig`, or "" where it cannot be set. paper, code: the published values, "" where
    not stated. here: the default of this project and why, in a few words. where: table or file:line.
    """

    name: str
    setting: str = ""
    paper: str = ""
    code: str = ""
    here: str = ""
    where: str = ""


@dataclass(frozen=True)
class Preset:
    """Named settings of a method. note: what it reproduces and what it cannot, one sentence."""

    settings: dict[str, Any]
    note: str


@dataclass(frozen=True)
class Recipe:
    """A method.

    formula: of its negatives and its loss, LaTeX. parameters: as published and here. presets: by name, `paper` and
    `authors_code` where the two differ; their settings go over `defaults` and under the user's.

    sampler, objective: built from the run's settings. pools: what must be mined for the sampler.
    sampler is None where all candidates of the current ranking are used. trains: both towers, or the query tower
    alone against frozen documents.
    step: how a batch becomes a loss. uses: the settings of `MethodConfig` that mean something to it.
    importance_weighted: whether a pair's loss is multiplied by 1 / (N p) (ANCE, Eq 4).
    weigh: log weights (Q, K) of a freshly mined own pool, from (queries, docs, pool, labels, scale); kept with it.
    teleports: whether lookahead and momentum candidates join the own pool (ANCE-Tele).
    own_source: how negatives from the model's own pool are labelled in the records ("static" or "ann").
    defaults: settings that belong to the method; the user's own settings win over them.
    differs: where this deviates from the paper or the authors' code, a sentence each.
    """

    name: str
    title: str
    idea: str
    citation: str
    sampler: Callable[[RunConfig], Sampler] | None
    objective: Callable[[RunConfig], Objective]
    pools: tuple[PoolKind, ...] = ()
    own_source: str = "ann"
    step: Step = "contrast"
    trains: Literal["both", "queries"] = "both"
    uses: tuple[str, ...] = ()
    importance_weighted: bool = False
    teleports: bool = False
    weigh: Callable[[np.ndarray, np.ndarray, Pool, Labels, float], np.ndarray] | None = None
    defaults: dict[str, Any] = field(default_factory=dict)
    differs: tuple[str, ...] = ()
    formula: str = ""
    parameters: tuple[Parameter, ...] = ()
    presets: dict[str, Preset] = field(default_factory=dict)

    @property
    def mines(self) -> bool:
        """Whether any of its pools is ranked by the model in training."""
        return any(pool != "bm25" for pool in self.pools)

    @property
    def reads_passages(self) -> bool:
        """Whether documents may have several passages (MaxP): where all that is asked of a document is its score."""
        plain = self.step == "contrast" and self.trains == "both"
        return plain and self.weigh is None and not self.teleports

    @property
    def refreshes(self) -> bool:
        """Whether its pools follow the model."""
        return self.mines and self.own_source != "static"
