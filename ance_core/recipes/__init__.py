"""Recipes: each paper's method in one short file, over shared samplers and objectives."""

from __future__ import annotations

from ..errors import ConfigError, cut, nearest
from . import (
    adore,
    ance,
    ance_tele,
    bm25,
    bm25_random,
    curriculum,
    dance,
    given,
    in_batch,
    mixture,
    nce,
    oracle,
    oracle_weighted,
    random,
    simans,
    star,
    static_hard,
    top,
    uniform_top,
)
from .base import Parameter, Preset, Recipe

RECIPES: dict[str, Recipe] = {
    module.RECIPE.name: module.RECIPE
    for module in (
        random,
        in_batch,
        nce,
        bm25,
        bm25_random,
        given,
        static_hard,
        mixture,
        curriculum,
        ance,
        dance,
        star,
        adore,
        simans,
        top,
        uniform_top,
        ance_tele,
        oracle,
        oracle_weighted,
    )
}
"""All methods by name, in the order they are shown."""


def get_recipe(name: str) -> Recipe:
    """The recipe of that name. Raises ConfigError with the nearest known name."""
    if name not in RECIPES:
        raise ConfigError(f"recipe: no method is called {cut(repr(name))}{nearest(name, RECIPES)}")
    return RECIPES[name]


__all__ = ["RECIPES", "Parameter", "Preset", "Recipe", "get_recipe"]
