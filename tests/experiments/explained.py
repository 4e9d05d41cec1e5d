"""Settings of the runs whose steps are explained: every recipe, preset and switch that changes what a step is."""

import re

from ance_core.config import merge
from ance_core.recipes import RECIPES

from ..training.conftest import SMALL

ID = "q{:02d}"  # of the queries of `tiny`, by their row, from 1
FILTER = {"rank_from": 2, "rank_to": 9, "relative_margin": 0.02}
# name -> settings: every recipe, and every preset and switch that changes a step's kind, its pools or when they change
CASES: dict[str, dict] = (
    {name: {"recipe": name} for name in RECIPES if name != "given"}  # that one needs files with negatives
    | {
        f"{name}:{preset}": {"recipe": name, "preset": preset}
        for name, recipe in RECIPES.items()
        for preset in recipe.presets
    }
    | {
        "chunks": {"recipe": "ance", "refresh": {"every": 3, "chunks": 3}},
        "dance-chunks": {"recipe": "dance", "refresh": {"every": 3, "chunks": 2}},
        "lag": {
            "recipe": "ance",
            "refresh": {"mode": "lag", "every": 4, "lag": 3},
            "negatives": {"filter": FILTER},
        },
        "many": {"recipe": "simans", "negatives": {"per_query": 4, "filter": FILTER}},
        "shared": {"recipe": "ance", "negatives": {"per_query": 2, "in_batch": True}},
        "restart": {"recipe": "ance-tele", "refresh": {"every": 4}, "method": {"restart": True}},
        "tele-filter": {"recipe": "ance-tele", "refresh": {"every": 4}, "negatives": {"filter": FILTER}},
        "bm25-filter": {"recipe": "bm25", "negatives": {"filter": {"rank_from": 2}}},
        "dropout": {"recipe": "ance", "encoder": {"dropout": 0.1}},
        "sgd": {"recipe": "ance", "optimizer": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9}},
        "replay": {"recipe": "ance", "refresh": {"mode": "replay", "every": 4, "schedule": [[4, 6]]}},
    }
)


def folder_of(name: str) -> str:
    return re.sub(r"[:+]", "-", name)


def settings(name: str) -> dict:
    """Of a case: small, quick, most records kept; presets bring pools and batches that the sample has no room for."""
    small = {"negatives": {"pool_depth": 10}, "batch_size": 8, "refresh": {}}
    own = dict(CASES[name])
    if own["recipe"] == "uniform-top":
        own["method"] = {"top": 5}
    if "preset" in own:
        n = RECIPES[own["recipe"]].presets[own["preset"]].settings.get("negatives", {}).get("per_query", 1)
        small["negatives"]["per_query"] = min(n, 3)
    if RECIPES[own["recipe"]].refreshes:
        small["refresh"] = {"every": 4}
    record = {"eval_every": 50, "snapshot_every": 0, "checkpoint_every": 5, "negatives_per_query": 500}
    base = {key: value for key, value in SMALL.items() if key != "record"}
    return merge(base, small, {"record": record, "labels_per_query": 2, "name": folder_of(name)}, own)
