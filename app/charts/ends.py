"""The figure of evaluations: curves, the interval of each line's end in a strip beside them, and reference levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from .figures import HEIGHT, curves_figure
from .groups import Group
from .layout import plain
from .measures import Measure, X

Interval = Literal["ends", "bands", "none"]
MOST_ENDS = 16  # whiskers that can be told apart in the strip
LEAST_SPAN = 0.1  # of the axis: where nothing is known of the noise, a hundredth must not fill the figure
BOTTOM, TOP = -0.03, 1.03  # scores lie between 0 and 1
GREY = "#7d8794"  # stands out on white and on the dark background alike
DASHES = {"bm25": "solid", "untrained": "dot", "start": "dash"}
PLOT_PIXELS, LABEL_PIXELS = HEIGHT - 110, 15

Key = tuple[str, str]
"""Split and measure."""


@dataclass
class Level:
    """One reference. sample: its mean over the fixed sample of a split, by (split, measure); whole: over all of it.

    others: methods that score by another similarity, and so rank the same weights a little differently.
    """

    reference: str
    label: str
    sample: dict[Key, float] = field(default_factory=dict)
    whole: dict[Key, float] = field(default_factory=dict)
    others: tuple[str, ...] = ()


def evaluation_figure(
    drawn: pd.DataFrame,
    groups: Sequence[Group],
    measure: Measure,
    x: X,
    interval: Interval,
    levels: Mapping[tuple[str, str], float],
    refreshes: pd.DataFrame | None = None,
) -> go.Figure:
    """`drawn` as `with_intervals` returns it; levels: (reference, label) to its height.

    The axis holds all intervals and levels, whichever are drawn, as far as scores can lie.
    """
    edges = drawn["role"].isin(["low", "high"])
    figure = curves_figure(
        drawn if interval == "bands" else drawn[~edges], groups, measure, x, refreshes=refreshes
    )
    shown = [*drawn["value"], *levels.values()]
    low, high = axis_range(np.array(shown, float))
    figure.update_layout(yaxis={"range": [low, high]})
    if interval == "ends":
        _add_ends(figure, drawn, groups, measure)
    figure.update_layout(legend={"xref": "container"})  # as wide as the figure, labels at the right or not
    if levels:
        _add_levels(figure, levels, low, high, measure)
    return figure


def axis_range(values: np.ndarray) -> tuple[float, float]:
    """Both ends of an axis that holds all `values`, spans LEAST_SPAN or more, and stays about 0 to 1.

    >>> axis_range(np.array([0.5, 0.51]))
    (0.455, 0.555)
    """
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    room = max(0.04 * (high - low), (LEAST_SPAN - (high - low)) / 2)
    high = min(high + room, TOP)
    low = max(min(low - room, high - LEAST_SPAN), BOTTOM)
    return round(low, 4), round(max(high, low + LEAST_SPAN), 4)


def _add_ends(figure: go.Figure, drawn: pd.DataFrame, groups: Sequence[Group], measure: Measure) -> None:
    """Whiskers at the last point of each line, side by side, the highest first: at one place they would cover each other."""
    last = _last(drawn)
    present = [group for group in groups if group.label in last]
    if not present or len(present) > MOST_ENDS:
        return
    present.sort(key=lambda group: -last[group.label]["line"])
    share = min(0.05 + 0.016 * len(present), 0.22)
    for place, group in enumerate(present):
        row = last[group.label]
        said = f"{row['low']:.{measure.digits}f} to {row['high']:.{measure.digits}f}"
        figure.add_scatter(
            x=[place],
            y=[row["line"]],
            xaxis="x2",
            mode="markers",
            marker={"symbol": group.look.marker, "size": 7, "color": group.look.color},
            error_y={
                "type": "data", "symmetric": False, "array": [row["high"] - row["line"]],
                "arrayminus": [row["line"] - row["low"]], "thickness": 1.6, "width": 3, "color": group.look.color,
            },
            name=f"{group.label}: end",
            legendgroup=group.label,
            showlegend=False,
            hovertemplate=f"<b>{plain(group.label)}</b>  %{{y:.{measure.digits}f}} at step {row['step']:,.0f}<br>"
            f"95 % interval  {said}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        xaxis={"domain": [0, 1 - share - 0.015]},
        xaxis2={
            "domain": [1 - share, 1], "anchor": "y", "range": [-0.8, len(present) - 0.2], "fixedrange": True,
            "showgrid": False, "showticklabels": False, "zeroline": False, "ticks": "",
            "title": {"text": "End", "standoff": 8, "font": {"size": 13}},
        },
    )  # fmt: skip


def _last(drawn: pd.DataFrame) -> dict[str, dict[str, float]]:
    """By group that has an interval: step, line, low, high at its last step."""
    found: dict[str, dict[str, float]] = {}
    columns = (drawn[name].to_numpy() for name in ("group", "role", "step", "value"))
    for group, role, step, value in zip(*columns, strict=True):  # the rows of a role ascend in step
        if role != "raw":
            kept = found.setdefault(group, {})
            if role == "line" or step >= kept.get("step", -1):
                kept[role] = value
            if role == "low":
                kept["step"] = step
    return {group: kept for group, kept in found.items() if "low" in kept}


def _add_levels(
    figure: go.Figure, levels: Mapping[tuple[str, str], float], low: float, high: float, measure: Measure
) -> None:
    """Thin lines over the whole width, their names outside it at the right."""
    names = sorted(levels, key=lambda name: levels[name])
    heights = np.array([levels[name] for name in names])
    per_pixel = (high - low) / PLOT_PIXELS
    shifts = (apart(heights / per_pixel, LABEL_PIXELS) - heights / per_pixel).round()
    shapes: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    for (reference, label), height, shift in zip(names, heights, shifts, strict=True):
        line = {"color": GREY, "width": 1.2, "dash": DASHES.get(reference, "dot")}
        shapes.append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": height,
                "y1": height,
                "line": line,
                "layer": "below",
            }
        )
        labels.append(
            {
                "text": plain(label), "hovertext": f"{plain(label)}: {height:.{measure.digits}f} on the same queries",
                "xref": "paper", "x": 1, "xanchor": "left", "xshift": 3, "y": height, "yanchor": "middle",
                "yshift": float(shift), "showarrow": False, "font": {"size": 12}, "name": f"level {reference}",
            }
        )  # fmt: skip
    widest = max(len(label) for _, label in names)
    figure.update_layout(shapes=shapes, annotations=labels, margin={"r": 12 + round(6.3 * widest)})


def apart(places: np.ndarray, least: float) -> np.ndarray:
    """`places` (N,), ascending, moved as little as it takes to lie `least` from each other.

    >>> apart(np.array([0.0, 2.0, 50.0]), 10.0).tolist()
    [-4.0, 6.0, 50.0]
    """
    blocks: list[tuple[float, int]] = []  # middle and size of labels that touch
    for place in places:
        middle, size = float(place), 1
        while blocks and middle - blocks[-1][0] < least * (size + blocks[-1][1]) / 2:
            before, count = blocks.pop()
            middle, size = (middle * size + before * count) / (size + count), size + count
        blocks.append((middle, size))
    return np.array([middle + least * (i - (size - 1) / 2) for middle, size in blocks for i in range(size)])
