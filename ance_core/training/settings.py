"""From what a user said to a complete config: defaults of collection and recipe under the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..config import EncoderConfig, RunConfig, merge, parse, spelled_out
from ..data.declared import Declared
from ..data.declared import declared as declared_of
from ..data.model_folder import brings
from ..data.table_files import find_table
from ..errors import ConfigError, cut, nearest
from ..recipes import Recipe, get_recipe
from .defaults import RULES


class Layer(NamedTuple):
    """Settings of one origin, as a nested dict. name: said, preset, recipe and so on, as `run.json` words it."""

    name: str
    values: dict[str, Any]


def layers(said: RunConfig, values: dict[str, Any], declared: Declared) -> list[Layer]:
    """All that decides a config besides the models' own defaults, the weakest first. said: `values`, parsed."""
    recipe, encoder = get_recipe(said.recipe), said.encoder
    start = (
        "table" if encoder.kind == "static" and encoder.model else encoder.kind
    )  # nothing was searched for tables
    return [
        Layer("pretrained", _table_sizes(encoder) or brings(encoder)),
        Layer(f"collection {said.data.name}", _of_optimizer(said, declared.defaults(start))),
        Layer(f"recipe {recipe.name}", recipe.defaults),
        Layer(f"preset {said.preset}", _preset(recipe, said.preset)),
        Layer("said", values),
    ]


def _of_optimizer(said: RunConfig, values: dict[str, Any]) -> dict[str, Any]:
    """What a collection declares, without its `optimizer` where another kind is asked for: a rate found for AdamW says
    nothing of SGD's, nor the other way round."""
    declared = values.get("optimizer") or {}
    if "kind" not in said.optimizer.model_fields_set or declared.get("kind", "adamw") == said.optimizer.kind:
        return values
    return {name: value for name, value in values.items() if name != "optimizer"}


def origins(found: list[Layer]) -> dict[str, str]:
    """The layer that decided each setting which otherwise follows the corpus, by dotted name."""
    decided = {}
    for layer in found:
        for group, name in (rule.setting.split(".") for rule in RULES):
            inner = layer.values.get(group)
            if isinstance(inner, Mapping) and name in inner:
                decided[f"{group}.{name}"] = layer.name
    return decided


def resolve(values: dict[str, Any], declared: Declared | None = None) -> RunConfig:
    """A validated config. Order of precedence: `values`, the preset, the recipe's defaults, the collection's, the
    models' own. What follows the corpus is left to `defaults.settle`, once the corpus is known.

    declared: what the collection says of itself; by default looked up by `data`, without reading the collection. Its
    labels a query are a default: `labels_per_query: all`, or None, in `values` trains on every label.
    Raises ConfigError naming the field, its value and the remedy; DataError for a wrong `collection.yaml`.
    """
    values = spelled_out(values)
    said: RunConfig = parse(RunConfig, values)  # names and types first, so that errors speak of what was said
    found = layers(said, values, declared_of(said.data.name) if declared is None else declared)
    config: RunConfig = parse(RunConfig, merge(*(layer.values for layer in found)))
    _check(config, get_recipe(config.recipe))
    return config.with_origins(origins(found))


def _check(config: RunConfig, recipe: Recipe) -> None:
    """ConfigError for settings that mean nothing to the recipe, or that it cannot work with."""
    if config.refresh.mode != "none" and not recipe.refreshes:
        raise ConfigError(
            f"refresh.mode: '{config.refresh.mode}' does nothing for recipe '{recipe.name}', whose negatives do not "
            "follow the model; leave it out or choose recipe 'ance'"
        )
    if config.refresh.mode == "async" and config.method.restart:
        raise ConfigError(
            "method.restart: episodes begin where new pools come into use, which nobody knows beforehand under "
            "refresh.mode 'async'; choose sync, lag or replay, or set method.restart to false"
        )
    if config.negatives.filter.given() and not set(recipe.pools) - {"given"}:
        raise ConfigError(
            f"negatives.filter: does nothing for recipe '{recipe.name}', whose negatives are not mined; leave it out"
        )
    if config.negatives.shares.said() and recipe.name != "mixture":
        raise ConfigError(
            f"negatives.shares: no setting of recipe '{recipe.name}'; leave it out or choose recipe 'mixture'"
        )
    _check_loss(config, recipe)
    if recipe.trains == "queries" and config.encoder.towers == "shared":
        raise ConfigError(
            f"encoder.towers: 'shared' leaves recipe '{recipe.name}' nothing to train, since documents stay as they are; "
            "set it to 'untied'"
        )
    if config.encoder.max_passages > 1 and not recipe.reads_passages:
        raise ConfigError(
            f"encoder.max_passages: {config.encoder.max_passages} does not go with recipe '{recipe.name}', which needs one "
            "vector a document; set it to 1, or choose a recipe such as 'ance'"
        )
    strange = [name for name in config.method.given() if name not in recipe.uses]
    if strange:
        known = f"it knows {', '.join(recipe.uses)}" if recipe.uses else "it has none"
        raise ConfigError(
            f"method.{strange[0]}: no parameter of recipe '{recipe.name}' ({known}); leave it out"
        )


def _check_loss(config: RunConfig, recipe: Recipe) -> None:
    """ConfigError for a loss or a sharing of negatives that the recipe cannot have."""
    kind = config.objective.kind
    if kind and recipe.own_objective(config):
        raise ConfigError(
            f"objective.kind: '{kind}' given, but recipe '{recipe.name}' as set here has a loss of its own "
            f"({recipe.own_loss}); leave it out"
        )
    if kind == "softmax" and recipe.importance_weighted:
        raise ConfigError(
            f"objective.kind: 'softmax' given, but recipe '{recipe.name}' weighs each pair by 1 / (N p), which a softmax "
            "over several negatives has no place for; leave it out"
        )
    if not config.negatives.in_batch:
        return
    if recipe.shares_batch:
        why = "has the other passages of the batch among its negatives already"
    elif recipe.sampler is None:
        why = "ranks the corpus at every step and encodes no passages that could be shared"
    elif recipe.importance_weighted:
        why = "weighs each pair by 1 / (N p), which others' draws do not have"
    else:
        return
    raise ConfigError(f"negatives.in_batch: recipe '{recipe.name}' {why}; leave it out")


def _table_sizes(encoder: EncoderConfig) -> dict[str, Any]:
    """What a pretrained table decides: its width, and one dimension more, which LayerNorm takes away again."""
    if encoder.kind != "static" or not encoder.model or {"width", "dim"} <= encoder.model_fields_set:
        return {}
    width = find_table(encoder.model).width
    return {"encoder": {"width": width, "dim": width + 1}}


def _preset(recipe: Recipe, name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    if name not in recipe.presets:
        hint = nearest(name, recipe.presets) if recipe.presets else "; it has none"
        raise ConfigError(f"preset: recipe '{recipe.name}' has no preset {cut(repr(name))}{hint}")
    return recipe.presets[name].settings
