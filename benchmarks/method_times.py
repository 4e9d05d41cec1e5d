"""How long each method takes beside `ance`: 600 updates of `static` on pydocs:stdlib from one shared start.

Training seconds as the log has them, refreshes included, evaluation not. Methods take turns; a ratio is the median over
rounds of a method's seconds by those of `ance` in the same round.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ance_core.recipes import RECIPES
from ance_core.runs import Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

from .rows import Row
from .sitting import ENDLESS
from .stats import Spread, median_with_interval

MOST = {"adore": 1.0}
RECORD = {"eval_every": ENDLESS, "snapshot_every": 0, "checkpoint_every": 0}


def run(quick: bool) -> Iterator[Row]:
    """A row a method."""
    steps, rounds = (10, 2) if quick else (600, 3)
    names = [
        name for name, recipe in RECIPES.items() if "given" not in recipe.pools
    ]  # no negatives come along
    seconds = np.empty((rounds, len(names)))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), create=True)
        for at in range(rounds):
            for i in range(len(names)) if at % 2 == 0 else reversed(range(len(names))):
                seconds[at, i] = _train(names[i], steps, at, store, "tiny" if quick else "pydocs:stdlib")
    base = seconds[:, names.index("ance")]
    for i, name in enumerate(names):
        if name != "ance":
            ratio = median_with_interval(seconds[:, i] / base)
            yield Row(
                name,
                ratio,
                "x",
                MOST.get(name, 2.0),
                False,
                Spread.of(seconds[:, i]),
                Spread.of(base),
                f"s, {steps} steps",
            )


def _train(recipe: str, steps: int, round_: int, store: Store, data: str) -> float:
    depth = {"negatives": {"pool_depth": 10}} if data == "tiny" else {}
    settings = {
        "data": data,
        "recipe": recipe,
        "steps": steps,
        "record": RECORD,
        "name": f"{recipe}-{round_}".replace("+", "-"),
    }
    (run,) = train_runs([resolve(settings | depth)], store)
    return float(run.results()["training"]["seconds"])
