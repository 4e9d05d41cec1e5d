"""Does the gradient at the output tell how long the whole gradient is? Scatter, and rank correlation over training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..theme import DASHES, MARKERS, UNKNOWN, look, tint
from .gradients import CALM, ordered
from .gradients_points import Texts, customdata, thin
from .layout import axis, base, plain


def scatter(frame: pd.DataFrame, column: str, title: str, factor: float, texts: Texts) -> go.Figure:
    """Norm over parameters against the norm at the output, log-log; the line is factor times the output norm."""
    known = frame[(frame["output"] > 0) & (frame[column] > 0)]
    shown = thin(known)
    figure = go.Figure()
    if np.isfinite(factor) and len(known):
        ends = np.array([known["output"].min(), known["output"].max()])
        figure.add_scatter(
            x=ends,
            y=factor * ends,
            mode="lines",
            line={"width": 1.6, "dash": "dash", "color": CALM},
            name=f"{factor:.3g} × the output norm",
            hovertemplate="no instance of this probe lies above this line<extra></extra>",
        )
    for name in ordered(shown):
        own = shown[shown["sampler"] == name]
        figure.add_scattergl(
            x=own["output"],
            y=own[column],
            customdata=customdata(own, texts),
            mode="markers",
            marker={"size": 5, "color": tint(look(name).color, 0.6), "symbol": look(name).marker},
            name=name,
            hovertemplate="%{customdata[0]}<extra></extra>",
        )
    figure.update_layout(
        **base(
            470,
            f"bound|{column}",
            axis("Norm at the output (log scale)", known["output"].to_numpy()),
            axis(f"{title} (log scale)", known[column].to_numpy()),
            legend=False,
        )
    )
    return figure


def over_steps(table: pd.DataFrame, titles: Mapping[str, str]) -> go.Figure:
    """Rank correlation against the step, a line a layer; table: step, layer, rho. titles: by layer, in order."""
    figure = go.Figure()
    for place, (layer, title) in enumerate(titles.items()):
        own = table[table["layer"] == layer].sort_values("step")
        figure.add_scatter(
            x=own["step"],
            y=own["rho"],
            mode="lines+markers",
            line={"width": 2.2, "color": UNKNOWN[place % len(UNKNOWN)], "dash": DASHES[place % len(DASHES)]},
            marker={"size": 7, "symbol": MARKERS[place % len(MARKERS)]},
            name=title,
            hovertemplate=f"<b>{plain(title)}</b>  step %{{x:,.0f}}: %{{y:.3f}}<extra></extra>",
        )
    lowest = float(np.nanmin(table["rho"])) if table["rho"].notna().any() else 0.0
    figure.update_layout(
        **base(
            300,
            "bound over steps",
            axis("Training step") | {"showgrid": False},
            axis("Rank correlation") | {"range": [min(lowest, 0.95) - 0.02, 1.005]},
        )
    )
    return figure
