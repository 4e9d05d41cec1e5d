"""What all figures share: margins, the legend below, hovering, and how an axis is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

PLAIN = {"automargin": True, "zeroline": False}


def base(
    height: int,
    key: str,
    xaxis: dict[str, Any] | None = None,
    yaxis: dict[str, Any] | None = None,
    *,
    zoom: bool = True,
    legend: bool = True,
) -> dict[str, Any]:
    """The layout of a figure `height` pixels high. key: while it is the same, zoom and hidden lines survive new data.

    zoom: whether dragging zooms; where the axes are few categories it only confuses. The legend stands at the foot of
    the figure, outside the axes: it covers no data.
    """
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 12, "b": 8},
        "hovermode": "closest",
        "hoverlabel": {"namelength": -1, "align": "left"},
        "showlegend": legend,
        "legend": {
            "orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0, "xanchor": "left",
            "itemwidth": 48,
        },
        "uirevision": key,
        "dragmode": "zoom" if zoom else False,
        "xaxis": {**PLAIN, **(xaxis or {})},
        "yaxis": {**PLAIN, **(yaxis or {})},
    }  # fmt: skip


def axis(title: str, values: np.ndarray | None = None, **more: Any) -> dict[str, Any]:
    """An axis with a title; logarithmic, with ticks that fit, where values (all above 0) are given."""
    named: dict[str, Any] = {"title": {"text": title, "standoff": 8, "font": {"size": 13}}}
    return named | ({} if values is None else {"type": "log"} | log_ticks(values)) | more


def log_ticks(values: np.ndarray | pd.Series) -> dict[str, Any]:
    """Labels at 1, 2, 5 of each decade, or at the decades alone; few values within one decade choose their own."""
    positive = np.asarray(values, float)
    positive = positive[positive > 0]
    decades = np.log10(positive.max() / positive.min()) if len(positive) else 0.0
    spacing = {} if decades < 0.9 else {"dtick": "D2"} if decades < 3.5 else {"dtick": 1}
    return {"tickformat": "~g", **spacing}  # without a format, 0.2 would be labelled "2"


def plain(text: str) -> str:
    """Text that Plotly shows as it is: its hover and titles understand some HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
