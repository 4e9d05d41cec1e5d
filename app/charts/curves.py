"""The numbers of a figure of curves. What this returns is what is drawn and what the CSV download holds."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from ance_core.experiments.statistics import half_width

from .groups import Group
from .measures import X
from .smoothing import Kind, smooth, thin

Band = Literal["range", "interval", "none"]
MOST_POINTS = 1500  # a line; more cannot be told apart on a screen and would make the page slow


@dataclass(frozen=True)
class Drawing:
    """How curves are drawn: the horizontal axis, smoothing in steps (below 2: none), the band over seeds."""

    x: X = "step"
    window: int = 1
    kind: Kind = "centred"
    band: Band = "range"


class Part(NamedTuple):
    """Points of one line, band edge or run: step (n,), x (n,), value (n,); runs: how many the values are over."""

    group: str
    role: str
    run: str
    step: np.ndarray
    x: np.ndarray
    value: np.ndarray
    runs: int


COLUMNS = list(Part._fields)
Series = dict[str, np.ndarray]  # of one run, in the order of its steps: step, value, and the other axes


def curves(table: pd.DataFrame, groups: Sequence[Group], drawing: Drawing) -> pd.DataFrame:
    """Tidy rows to draw, from a table with the columns run, step, value, seconds, examples.

    Columns: group (its label), role, run, step, x (in the unit of `drawing.x`), value, runs (how many the
    value is over). Roles: `raw`, a run's own measurements, where the line is not simply those; `line`, the
    run's or the mean's curve; `low` and `high`, the band. A mean is taken at equal steps that every averaged
    run has, so that a run that is behind never bends it; its x is the mean of theirs.
    """
    runs = _series(table, {"step", "value", drawing.x})
    parts = [part for group in groups for part in _group(group, runs, drawing)]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    lengths = [len(part.step) for part in parts]
    return pd.DataFrame(
        {
            name: np.concatenate([getattr(part, name) for part in parts])
            if name in ("step", "x", "value")
            else np.repeat(np.array([getattr(part, name) for part in parts], object), lengths)
            for name in COLUMNS
        }
    ).astype({"runs": "int64"})


def _series(table: pd.DataFrame, columns: set[str]) -> dict[str, Series]:
    """The rows of each run as arrays: a table for each of fifty would take longer to make than to draw."""
    arrays = {name: table[name].to_numpy() for name in columns}
    found = {}
    for run, rows in table.groupby("run", sort=False).indices.items():
        ordered = rows[np.argsort(arrays["step"][rows], kind="stable")]
        found[str(run)] = {name: array[ordered] for name, array in arrays.items()}
    return found


def _group(group: Group, runs: dict[str, Series], drawing: Drawing) -> list[Part]:
    present = [m.run for m in group.members if m.run in runs]
    averaged = [m.run for m in group.averaged if m.run in runs] or present
    parts = []
    if len(present) > 1 or drawing.window > 1:
        parts += [_part(group, "raw", run, runs[run], drawing) for run in present]
    if len(averaged) == 1:
        run = averaged[0]
        parts.append(_part(group, "line", run, _smoothed(runs[run], drawing), drawing))
    elif averaged:
        parts += _mean(group, [_smoothed(runs[run], drawing) for run in averaged], drawing)
    return parts


def _mean(group: Group, runs: list[Series], drawing: Drawing) -> list[Part]:
    """The mean over runs and its band, at the steps that all of them have."""
    # of several values at a step the first counts
    first = [np.unique(run["step"], return_index=True) for run in runs]
    steps = functools.reduce(np.intersect1d, [step for step, _ in first])
    places = [index[np.searchsorted(step, steps)] for step, index in first]

    def aligned(name: str) -> np.ndarray:  # (S, runs)
        return np.stack([run[name][place].astype(float) for run, place in zip(runs, places, strict=True)], 1)

    values = aligned("value")
    x = steps if drawing.x == "step" else aligned(drawing.x).mean(axis=1)
    curve = {"step": steps, drawing.x: x, "value": values.mean(axis=1)}
    parts = [_part(group, "line", "", curve, drawing, len(runs))]
    if drawing.band != "none":
        for role, edge in zip(("low", "high"), edges(values, drawing.band), strict=True):
            parts.append(_part(group, role, "", curve | {"value": edge}, drawing, len(runs)))
    return parts


def edges(values: np.ndarray, band: Band) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper edge (S,) of `values` (S, runs): lowest and highest run, or the mean's 95 % t-interval.

    Two runs say too little for an interval (its factor would be 12.7): they get their range.
    """
    n = values.shape[1]
    if band != "interval" or n < 3:
        return values.min(axis=1), values.max(axis=1)
    half = half_width(values)
    mean = values.mean(axis=1)
    return mean - half, mean + half


def _smoothed(run: Series, drawing: Drawing) -> Series:
    if drawing.window < 2:
        return run
    return run | {"value": smooth(run["step"], run["value"], drawing.window, drawing.kind)}


def _part(group: Group, role: str, run: str, points: Series, drawing: Drawing, runs: int = 1) -> Part:
    kept = thin(points["value"], MOST_POINTS)
    return Part(
        group.label, role, run, points["step"][kept], points[drawing.x][kept], points["value"][kept], runs
    )
