"""What an arm of a comparison is given: negatives a query and step, the loss, the pairs scored, the queries seen.

Two arms whose budgets differ differ in more than their sampler. Read from the settings of a run as `run.json` has them,
so that tables of runs need nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..config import EncoderConfig, RunConfig, parse
from .base import Recipe


class Spend(NamedTuple):
    """What arms must have in common to differ in their sampler alone: negatives of a query at a step, and the loss.

    >>> str(Spend(1, "pairwise"))
    '1 negative a query, pairwise loss'
    """

    negatives: int
    loss: str

    def __str__(self) -> str:
        return f"{self.negatives:,} negative{'' if self.negatives == 1 else 's'} a query, {self.loss} loss"


@dataclass(frozen=True)
class Budget:
    """negatives: of a query at a step, at most (judged ones are masked). loss: name of the loss. pairs: (query,
    positive, negative) scored at a step. queries: seen in the whole training, repeats counted. in_batch: whether other
    passages of the batch are among the negatives.
    """

    negatives: int
    loss: str
    pairs: int
    queries: int
    in_batch: bool

    @property
    def spend(self) -> Spend:
        """Arms of equal spend differ in where their negatives come from, and in neither number nor kind of loss."""
        return Spend(self.negatives, self.loss)

    @property
    def words(self) -> str:
        """For a legend.

        >>> Budget(31, "softmax", 992, 19_200, True).words
        '31 negatives, softmax'
        """
        return f"{self.negatives:,} negative{'' if self.negatives == 1 else 's'}, {self.loss}"


def budget_of(settings: Mapping[str, Any], train_queries: int | None = None) -> Budget:
    """The budget of a run from its settings (`run.info["config"]`, nested). ConfigError for settings of no method.

    train_queries: of its dataset; a batch is never larger.
    """
    from . import get_recipe

    # The encoder decides no budget, and its folder may be gone.
    rest = {k: v for k, v in settings.items() if k != "encoder"}
    config: RunConfig = parse(RunConfig, rest | {"encoder": EncoderConfig().model_dump()})
    if train_queries:
        config = config.model_copy(update={"batch_size": min(config.batch_size, train_queries)})
    return budget(config, get_recipe(config.recipe))


def budget(config: RunConfig, recipe: Recipe) -> Budget:
    """The same from a config."""
    size, n = config.batch_size, config.negatives.per_query
    shared = recipe.shares_batch or config.negatives.in_batch
    if recipe.sampler is None:
        scored = config.negatives.pool_depth
    elif not shared:
        scored = n
    else:
        of_others = config.negatives.in_batch or recipe.pools  # what is mined for one query is shared as well
        scored = size * (1 + n) - 1 if of_others else size - 1
    pairs = size * scored + (size * n if recipe.step == "dual" and config.method.dual_weight else 0)
    return Budget(
        negatives=1 if recipe.hardest else scored,
        loss=recipe.loss_of(config) or recipe.own_loss,
        pairs=pairs,
        queries=config.steps * size,
        in_batch=bool(shared),
    )


def arm_name(settings: Mapping[str, Any]) -> str:
    """What an arm is called: its recipe, with the preset and what of its loss and sharing is not the method's own.

    >>> arm_name({"recipe": "simans", "preset": "paper"})
    'simans:paper'
    >>> arm_name({"recipe": "ance", "negatives": {"in_batch": True}})
    'ance, in-batch'
    """
    from . import RECIPES

    name = str(settings.get("recipe"))
    recipe = RECIPES.get(name)
    parts = [f"{name}:{settings['preset']}" if settings.get("preset") else name]
    negatives, objective = settings.get("negatives") or {}, settings.get("objective") or {}
    shared, kind = bool(negatives.get("in_batch")), objective.get("kind")
    if shared:
        parts.append("in-batch")
    usual = "softmax" if shared else recipe.loss if recipe else None
    if kind and kind != usual:
        parts.append(str(kind))
    return ", ".join(parts)
