"""What runs have in common and what not: methods, and the settings in which they differ."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..reading import data_words
from ..runs import Run

_NOT_METHOD = ("name", "seed", "threads", "record")  # settings that change the numbers of no method


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings under dotted keys: {"encoder": {"dim": 128}} becomes {"encoder.dim": 128}.

    A run's `data` stays one value, in words, so that runs of before, which have its name alone, compare with others.
    """
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if key == "data" and not prefix:
            flat[key] = data_words(settings)
        elif isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def differing(runs: Sequence[Run]) -> pd.DataFrame:
    """One row a setting that is not the same in all runs (but `name`), one column a run, in their order."""
    flat = [flatten(run.info["config"]) for run in runs]
    keys = [key for key in dict.fromkeys(k for one in flat for k in one) if key != "name"]
    rows = {
        key: [one.get(key) for one in flat]
        for key in keys
        if len(_distinct(one.get(key) for one in flat)) > 1
    }
    columns = [run.name for run in runs]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=object).rename_axis("setting")


def method_labels(runs: Sequence[Run]) -> list[str]:
    """The method of each run: its recipe, with the settings in which runs of one recipe differ, if any do.

    Runs that differ in seed, name, threads or what they record only are of one method.

    >>> method_labels(runs)
    ["random", "ance (refresh.every=50)", "ance (refresh.every=100)"]
    """
    settings = [_method_settings(run) for run in runs]
    labels = []
    for run, own in zip(runs, settings, strict=True):
        recipe = recipe_of(run)
        same = [s for r, s in zip(runs, settings, strict=True) if recipe_of(r) == recipe]
        keys = [key for key in own if len(_distinct(s.get(key) for s in same)) > 1]
        values = ", ".join(f"{key}={_short(own[key])}" for key in keys)
        labels.append(f"{recipe} ({values})" if values else recipe)
    return labels


def recipe_of(run: Run) -> str:
    """The recipe a run was trained with."""
    return str(run.info.get("recipe") or run.info["config"].get("recipe"))


def seed_of(run: Run) -> int:
    """The seed a run was trained with."""
    return int(run.info["config"].get("seed") or run.info.get("seed") or 0)


def _method_settings(run: Run) -> dict[str, Any]:
    flat = flatten(run.info["config"])
    return {key: value for key, value in flat.items() if key.split(".")[0] not in _NOT_METHOD}


def _distinct(values: Any) -> set[str]:
    return {json.dumps(value, sort_keys=True) for value in values}


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
