"""Figures of shares: one panel of bars a method on a common axis, bars side by side, and points with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..theme import tint
from .groups import Group
from .layout import axis, base, plain

PANEL, FOOT = 104, 64  # pixels of a panel, and of what stands below the last
OVERALL = 380


@dataclass(frozen=True)
class Bar:
    """The bar that is being read: the label of its group, and its bin."""

    group: str
    bin: int


def panels(
    groups: Sequence[Group],
    shares: Mapping[str, np.ndarray],
    edges: np.ndarray,
    title: str,
    chosen: Bar | None = None,
    name: str = "panels",
    counts: Mapping[str, np.ndarray] | None = None,
    zero: str = "",
) -> go.Figure:
    """Shares (b,) of each group's draws in bins `edges` (b + 1,): a panel a group, all axes common.

    zero: what to write at x = 0. A bar's customdata is its bin, count and limits.
    """
    present = [group for group in groups if group.label in shares]
    figure = make_subplots(rows=len(present), shared_xaxes=True, vertical_spacing=0.16 / max(len(present), 1))
    top = max((float(shares[g.label].max()) for g in present), default=0.0) or 1.0
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    for row, group in enumerate(present, 1):
        count = counts[group.label] if counts else np.full(len(middle), np.nan)
        figure.add_bar(
            x=middle,
            y=shares[group.label],
            width=width * 0.94,
            customdata=np.stack([np.arange(len(middle)), count, edges[:-1], edges[1:]], axis=1),
            marker=_marker(group, len(middle), chosen),
            name=group.label,
            hovertemplate=f"<b>{plain(group.label)}</b>  %{{y:.1%}} of its draws<br>"
            "from %{customdata[2]:.3g} to %{customdata[3]:.3g}"
            + ("<br>%{customdata[1]:,.0f} draws" if counts else "")
            + "<extra></extra>",
            row=row,
            col=1,
        )
        figure.add_annotation(
            text=f"<b>{plain(group.label)}</b>", x=0, y=1.0, xref="x domain" if row == 1 else f"x{row} domain",
            yref="y domain" if row == 1 else f"y{row} domain", xanchor="left", yanchor="top", showarrow=False,
            font={"color": group.look.color, "size": 13},
        )  # fmt: skip
    if edges[0] < 0 < edges[-1]:
        figure.add_vline(x=0, line={"width": 1, "dash": "dot"})
        if zero:
            roomy = "right" if -edges[0] > edges[-1] else "left"  # the side of the line with more room
            figure.add_annotation(
                text=zero, x=0, y=1, xref="x", yref="y domain", xanchor=roomy, yanchor="top", showarrow=False,
                font={"size": 11}, xshift=-4 if roomy == "right" else 4,
            )  # fmt: skip
    figure.update_yaxes(range=[0, top * 1.12], tickformat=".0%", nticks=3, zeroline=False, automargin=True)
    limits = [float(edges[0]), float(edges[-1])]  # or the words at 0 would widen the axis
    figure.update_xaxes(range=limits, showgrid=False, zeroline=False, automargin=True)
    figure.update_xaxes(title=axis(title)["title"], row=max(len(present), 1), col=1)
    figure.update_layout(**base(PANEL * max(len(present), 2) + FOOT, name, zoom=False, legend=False))
    return figure


def _marker(group: Group, bins: int, chosen: Bar | None) -> dict:
    read = chosen.bin if chosen is not None and chosen.group == group.label else -1
    return {
        "color": [tint(group.look.color, 1.0 if i == read else 0.62) for i in range(bins)],
        "line": {"width": [2 if i == read else 0 for i in range(bins)], "color": group.look.color},
    }


def side_by_side(
    groups: Sequence[Group],
    values: Mapping[str, np.ndarray],
    categories: Sequence[str],
    x_title: str,
    y_title: str,
    name: str,
    chosen: Bar | None = None,
    intervals: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    digits: int = 1,
) -> go.Figure:
    """One bar a group in each category; with `intervals` (low, high) one point with its interval instead."""
    figure = go.Figure()
    for group in groups:
        if group.label not in values:
            continue
        value = values[group.label]
        common = {
            "x": list(categories),
            "y": value,
            "customdata": np.arange(len(categories))[:, None],
            "name": group.label,
            "hovertemplate": f"<b>{plain(group.label)}</b>  %{{y:.{digits}%}}<br>{plain(x_title)} %{{x}}<extra></extra>",
        }
        if intervals is None:
            figure.add_bar(**common, marker=_marker(group, len(categories), chosen))
        else:
            low, high = intervals[group.label]
            figure.add_bar(
                **common,
                marker=_marker(group, len(categories), chosen),
                error_y={
                    "type": "data", "array": high - value, "arrayminus": value - low, "thickness": 1.2, "width": 3,
                    "color": group.look.color,
                },
            )  # fmt: skip
    figure.update_layout(
        **base(
            OVERALL,
            name,
            axis(x_title, type="category", showgrid=False),
            axis(y_title, tickformat=".0%" if digits < 2 else ".1%", rangemode="tozero"),
            zoom=False,
        ),
        barmode="group",
        bargap=0.28,
    )
    return figure
