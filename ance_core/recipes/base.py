"""What a recipe is: a paper's method as a choice of sampler, objective, pools and refresh.

A recipe file reads like the method section of its paper. Everything it names is shared with the others, so
two recipes differ in what their papers say they differ in and in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..config import RunConfig
from ..data import Labels
from ..samplers import Pool, Sampler, WholeBatch

if TYPE_CHECKING:
    from ..objectives import Objective  # torch, which whoever only reads about methods does without

PoolKind = Literal["bm25", "own", "dual", "given"]
"""bm25: ranked by BM25, once. given: came with the dataset's files.
own: ranked by the model in training, at the start and at every refresh.
dual: training queries ranked for each positive document, by the model too."""

LossKind = Literal["pairwise", "softmax"]
"""The two losses that most methods share: each negative against the positive by itself, or all in one cross-entropy."""

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

    sampler: built from the run's settings; None where all candidates of the current ranking are used. pools: what must
    be mined for it. shares_batch: whether other passages of the batch are among its negatives already. hardest: whether
    of a query's negatives only the one that scores highest at that step is kept.
    loss: the published one, None where it is neither of the two. own_objective: makes the loss where the settings ask
    for one that is neither; None where they do not. own_loss: its name.
    trains: both towers, or the query tower alone against frozen documents.
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
    loss: LossKind | None = "pairwise"
    own_objective: Callable[[RunConfig], Callable[[], Objective] | None] = lambda config: None
    own_loss: str = ""
    pools: tuple[PoolKind, ...] = ()
    shares_batch: bool = False
    hardest: bool = False
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

    def build_sampler(self, config: RunConfig) -> Sampler | None:
        """The sampler of a run: the method's own, shared with the whole batch where `negatives.in_batch` says so."""
        own = self.sampler(config) if self.sampler else None
        return WholeBatch(own) if own and config.negatives.in_batch else own

    def build_objective(self, config: RunConfig) -> Objective:
        """The loss of a run."""
        from ..objectives import PairwiseNLL, SoftmaxNLL

        if own := self.own_objective(config):
            return own()
        return SoftmaxNLL() if self.loss_of(config) == "softmax" else PairwiseNLL()

    def loss_of(self, config: RunConfig) -> LossKind | None:
        """Which of the two losses a run minimises: as set, else softmax with in-batch sharing, else the published one.

        None where the loss is neither.
        """
        if self.own_objective(config):
            return None
        return config.objective.kind or ("softmax" if config.negatives.in_batch else self.loss)

    @property
    def mines(self) -> bool:
        """Whether any of its pools is ranked by the model in training."""
        return any(pool not in ("bm25", "given") for pool in self.pools)

    @property
    def reads_passages(self) -> bool:
        """Whether documents may have several passages (MaxP): where all that is asked of a document is its score."""
        plain = self.step == "contrast" and self.trains == "both"
        return plain and self.weigh is None and not self.teleports

    @property
    def refreshes(self) -> bool:
        """Whether its pools follow the model."""
        return self.mines and self.own_source != "static"
