"""Drawing negatives for a batch of 32 from pools of 200, by every recipe's sampler; target: below a millisecond."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from ance_core.data import Dataset, load_dataset
from ance_core.recipes import RECIPES
from ance_core.training.step import draw_negatives

from .rows import Row
from .sitting import NO_MILESTONES, Enough, pool_settings, watch_training
from .stats import Spread


def run(quick: bool) -> Iterator[Row]:
    """A row a recipe that draws, milliseconds a batch, the uniforms included."""
    dataset = load_dataset("tiny" if quick else "pydocs:stdlib")
    names = [
        name for name, recipe in RECIPES.items() if recipe.step == "contrast" and "given" not in recipe.pools
    ]
    for name in names:
        yield _row(name, dataset, 20 if quick else 300)


def _row(recipe: str, dataset: Dataset, draws: int) -> Row:
    seconds: list[float] = []

    def watch(training: Any) -> None:
        """After the first update: the draws of later steps, from the pools in force."""
        for step in range(1, draws + 1):
            batch = training.order.batch(step)
            start = time.perf_counter()
            draw_negatives(training, batch)
            seconds.append(time.perf_counter() - start)
        raise Enough

    settings = {"recipe": recipe, "record": NO_MILESTONES, "negatives": pool_settings(dataset)}
    watch_training(dataset, settings, watch)
    return Row(recipe, Spread.of(1e3 * np.array(seconds)), "ms", 1.0, at_least=False)
