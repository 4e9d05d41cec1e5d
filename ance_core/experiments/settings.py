"""What runs have in common and what not: methods, arms, and the settings in which they differ."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd

from ..config import RunConfig
from ..errors import ConfigError
from ..reading import data_words
from ..recipes.budget import Budget, arm_name, budget_of
from ..runs import Run

INCIDENTAL = ("name", "seed", "threads", "record")
"""Settings, and groups of them, in which runs of one method may differ: `record` says what is written down, not what is
trained. The one definition of what makes runs of different seeds one method."""


def is_incidental(key: str) -> bool:
    """Whether two runs that differ in the setting `key` (dotted) alone are still of one method.

    >>> is_incidental("record.eval_every"), is_incidental("refresh.every")
    (True, False)
    """
    return key.split(".")[0] in INCIDENTAL


def method_settings(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Of settings with dotted keys those that make the method; what a run of before lacks is at its default."""
    return {key: value for key, value in complete(flat).items() if not is_incidental(key)}


def complete(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with dotted keys and, where a run of before has none, what it trained with: the default."""
    return _defaults() | dict(flat)


@cache
def _defaults() -> dict[str, Any]:
    return flatten(RunConfig().model_dump(mode="json"))


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
    flat = [complete(flatten(run.info["config"])) for run in runs]
    keys = [key for key in dict.fromkeys(k for one in flat for k in one) if key != "name"]
    rows = {
        key: [one.get(key) for one in flat]
        for key in keys
        if len(_distinct(one.get(key) for one in flat)) > 1
    }
    columns = [run.name for run in runs]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=object).rename_axis("setting")


def method_labels(runs: Sequence[Run]) -> list[str]:
    """The method of each run: its arm's name, with the settings in which runs of one name differ, if any do.

    Runs that differ in seed, name, threads or what they record only are of one method. A preset is in the name.

    >>> method_labels(runs)
    ["random", "simans:paper", "ance (refresh.every=50)", "ance (refresh.every=100)"]
    """
    settings = [method_settings(flatten(run.info["config"])) for run in runs]
    names = [arm_name(_config(run)) for run in runs]
    labels = []
    for name, own in zip(names, settings, strict=True):
        same = [s for other, s in zip(names, settings, strict=True) if other == name]
        keys = [key for key in own if len(_distinct(s.get(key) for s in same)) > 1]
        values = ", ".join(f"{key}={_short(own[key])}" for key in keys)
        labels.append(f"{name} ({values})" if values else name)
    return labels


def budget_of_run(run: Run) -> Budget | None:
    """What a run is given: negatives, loss, queries seen. None for a method that this version does not know."""
    try:
        return budget_of(_config(run), (run.info.get("dataset") or {}).get("queries"))
    except ConfigError:
        return None


def preset_of(run: Run) -> str | None:
    """The preset a run was trained with."""
    return run.info["config"].get("preset")


def _config(run: Run) -> dict[str, Any]:
    config = run.info["config"]
    return config | {"recipe": run.info.get("recipe") or config.get("recipe")}


def seed_of(run: Run) -> int:
    """The seed a run was trained with."""
    return int(run.info["config"].get("seed") or run.info.get("seed") or 0)


def _distinct(values: Any) -> set[str]:
    return {json.dumps(value, sort_keys=True) for value in values}


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
