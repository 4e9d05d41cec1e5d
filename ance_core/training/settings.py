"""From what a user said to a complete config: defaults of the encoder and of the recipe under the user's own."""

from __future__ import annotations

from typing import Any

from ..config import EncoderConfig, RunConfig, merge, parse, spelled_out
from ..data.table_files import find_table
from ..errors import ConfigError, nearest
from ..recipes import Recipe, get_recipe

ENCODER_DEFAULTS: dict[str, dict[str, Any]] = {
    "static": {},
    "mini": {},
    "hf": {"optimizer": {"learning_rate": 2e-5}, "warmup": {"learning_rate": 2e-5}},
}


def resolve(values: dict[str, Any]) -> RunConfig:
    """A validated config. Order of precedence: `values`, the preset, the recipe's defaults, the encoder's, the model's.

    Raises ConfigError naming the field, its value and the remedy.
    """
    values = spelled_out(values)
    said: RunConfig = parse(RunConfig, values)  # names and types first, so that errors speak of what was said
    recipe = get_recipe(said.recipe)
    preset = _preset(recipe, said.preset)
    config: RunConfig = parse(
        RunConfig, merge(_encoder_defaults(said.encoder), recipe.defaults, preset, values)
    )
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
    if config.negatives.filter.given() and not recipe.pools:
        raise ConfigError(
            f"negatives.filter: does nothing for recipe '{recipe.name}', whose negatives are not mined; leave it out"
        )
    if config.negatives.shares.given() and recipe.name != "mixture":
        raise ConfigError(
            f"negatives.shares: no setting of recipe '{recipe.name}'; leave it out or choose recipe 'mixture'"
        )
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
    return config


def _encoder_defaults(encoder: EncoderConfig) -> dict[str, Any]:
    """A pretrained table decides the sizes: its width, and one dimension more, which LayerNorm takes away."""
    given = encoder.model_fields_set
    if encoder.kind == "static" and encoder.model and not {"width", "dim"} <= given:
        width = find_table(encoder.model).width
        return {"encoder": {"width": width, "dim": width + 1}}
    return ENCODER_DEFAULTS[encoder.kind]


def _preset(recipe: Recipe, name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    if name not in recipe.presets:
        hint = nearest(name, recipe.presets) if recipe.presets else "; it has none"
        raise ConfigError(f"preset: recipe '{recipe.name}' has no preset {name!r}{hint}")
    return recipe.presets[name].settings
