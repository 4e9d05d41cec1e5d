"""The notebook's way in: train, then look at tidy frames.

import ance_core as ance

data = ance.load_dataset("tiny")
runs = [ance.train(data, recipe=name, steps=200) for name in ("random", "ance")]
ance.metrics(runs)                  # run, recipe, seed, step, name, value, ...
ance.negatives(runs[1])             # one row a drawn negative, with ids and texts of your data
ance.plot(runs, "dev/RR@10").show()
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from .config import merge
from .data import Dataset
from .runs import Run, Store

if TYPE_CHECKING:
    import plotly.graph_objects as go

DEFAULT_RUNS = Path("runs")


def train(
    data: str | Path | Dataset = "pydocs",
    recipe: str = "ance",
    *,
    runs: Path | str = DEFAULT_RUNS,
    **settings: Any,
) -> Run:
    """Train one run and return it. All of `RunConfig` goes as keyword; nested groups as dicts.

        train("tiny", "ance", steps=200, seed=1, optimizer={"learning_rate": 1e-3}, encoder="mini")

    `encoder` may be a dict or a kind (`static`, `mini`, `hf:FOLDER`). Runs with the same data, encoder and seed
    share one warm-up. Raises AnceError, in one line, for settings or data that would not train.
    """
    from .training.session import train_runs
    from .training.settings import encoder_settings, resolve

    if isinstance(settings.get("encoder"), str):
        settings["encoder"] = encoder_settings(settings["encoder"])
    dataset = data if isinstance(data, Dataset) else None
    name = data.name if isinstance(data, Dataset) else str(data)
    config = resolve(merge({"data": name, "recipe": recipe}, settings))
    return train_runs([config], Store(runs, create=True), dataset=dataset)[0]


def metrics(runs: Run | Sequence[Run], names: Sequence[str] | None = None) -> pd.DataFrame:
    """Logged numbers, tidy: run, recipe, seed, step, name, value, seconds, examples. names: all if None."""
    frames = [_tagged(run, run.scalars(names)) for run in _listed(runs)]
    return pd.concat(frames, ignore_index=True)


def negatives(runs: Run | Sequence[Run], dataset: Dataset | None = None, **options: Any) -> pd.DataFrame:
    """The provenance records, one row a drawn negative; with a dataset, texts stand beside the rows.

    options: `columns` and `filter` as `Run.negatives` takes them.
    """
    frame = pd.concat([_tagged(run, run.negatives(**options)) for run in _listed(runs)], ignore_index=True)
    if dataset is not None:
        for column, texts in (
            ("query", dataset.queries),
            ("positive", dataset.docs),
            ("document", dataset.docs),
        ):
            if column in frame:
                frame[f"{column}_text"] = [texts[row] for row in frame[column]]
    return frame


def plot(runs: Run | Sequence[Run], name: str = "dev/RR@10") -> go.Figure:
    """One logged number against the step, a line a run."""
    import plotly.express as px

    frame = metrics(runs, [name])
    return px.line(
        frame,
        x="step",
        y="value",
        color="recipe",
        line_group="run",
        labels={"value": name, "step": "step (updates)"},
    )


def _listed(runs: Run | Sequence[Run]) -> list[Run]:
    return [runs] if isinstance(runs, Run) else list(runs)


def _tagged(run: Run, frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.copy()
    frame.insert(0, "run", run.name)
    frame.insert(1, "recipe", run.info["recipe"])
    frame.insert(2, "seed", run.info["seed"])
    return frame
