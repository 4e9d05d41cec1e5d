"""The numbers of a figure of curves. What this returns is what is drawn and what the CSV download holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from .groups import Group
from .measures import X
from .smoothing import Kind, smooth, thin

Band = Literal["range", "interval", "none"]
MOST_POINTS = 1500  # a line; more cannot be told apart on a screen and would make the page slow
COLUMNS = ["group", "role", "run", "step", "x", "value", "runs"]


@dataclass(frozen=True)
class Drawing:
    """How curves are drawn: the horizontal axis, smoothing in steps (below 2: none), the band over seeds."""

    x: X = "step"
    window: int = 1
    kind: Kind = "centred"
    band: Band = "range"


def curves(table: pd.DataFrame, groups: Sequence[Group], drawing: Drawing) -> pd.DataFrame:
    """Tidy rows to draw, from a table with the columns run, step, value, seconds, examples.

    Columns: group (its label), role, run, step, x (in the unit of `drawing.x`), value, runs (how many the
    value is over). Roles: `raw`, a run's own measurements, where the line is not simply those; `line`, the
    run's or the mean's curve; `low` and `high`, the band. A mean is taken at equal steps that every averaged
    run has, so that a run that is behind never bends it; its x is the mean of theirs.
    """
    runs = {name: rows.sort_values("step") for name, rows in table.groupby("run", sort=False)}
    parts = [part for group in groups for part in _group(group, runs, drawing)]
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)


def _group(group: Group, runs: dict[str, pd.DataFrame], drawing: Drawing) -> list[pd.DataFrame]:
    present = [m.run for m in group.members if m.run in runs]
    averaged = [m.run for m in group.averaged if m.run in runs] or present
    parts = []
    if len(present) > 1 or drawing.window > 1:
        parts += [_rows(group, "raw", run, runs[run], drawing) for run in present]
    if len(averaged) == 1:
        run = averaged[0]
        parts.append(_rows(group, "line", run, _smoothed(runs[run], drawing), drawing))
    elif averaged:
        parts += _mean(group, [_smoothed(runs[run], drawing) for run in averaged], drawing)
    return parts


def _mean(group: Group, runs: list[pd.DataFrame], drawing: Drawing) -> list[pd.DataFrame]:
    """The mean over runs (each with step, value, x column) and its band."""
    steps = sorted(set.intersection(*(set(run["step"]) for run in runs)))
    aligned = [run.drop_duplicates("step").set_index("step").loc[steps] for run in runs]
    values = np.stack([run["value"].to_numpy(float) for run in aligned], axis=1)  # (S, runs)
    frame = pd.DataFrame({"step": steps, "value": values.mean(axis=1)})
    if drawing.x != "step":
        frame[drawing.x] = np.mean([run[drawing.x].to_numpy(float) for run in aligned], axis=0)
    parts = [_rows(group, "line", "", frame, drawing, len(runs))]
    if drawing.band != "none":
        low, high = edges(values, drawing.band)
        for role, edge in (("low", low), ("high", high)):
            parts.append(_rows(group, role, "", frame.assign(value=edge), drawing, len(runs)))
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


def half_width(values: np.ndarray) -> np.ndarray:
    """Half the 95 % t-interval of the mean over the last axis, which needs at least two entries."""
    n = values.shape[-1]
    return stdtrit(n - 1, 0.975) * values.std(axis=-1, ddof=1) / np.sqrt(n)


def _smoothed(run: pd.DataFrame, drawing: Drawing) -> pd.DataFrame:
    if drawing.window < 2:
        return run
    values = smooth(run["step"].to_numpy(), run["value"].to_numpy(), drawing.window, drawing.kind)
    return run.assign(value=values)


def _rows(
    group: Group, role: str, run: str, frame: pd.DataFrame, drawing: Drawing, runs: int = 1
) -> pd.DataFrame:
    kept = frame.iloc[thin(frame["value"].to_numpy(), MOST_POINTS)]
    return pd.DataFrame(
        {
            "group": group.label,
            "role": role,
            "run": run,
            "step": kept["step"].to_numpy(),
            "x": kept[drawing.x].to_numpy(),
            "value": kept["value"].to_numpy(),
            "runs": runs,
        }
    )
