"""Bars of the variance of each sampler's gradient, with the least possible as a line; and its bias."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..theme import look, rank, tint
from .gradients import CALM
from .layout import axis, base, log_ticks, plain

REFERENCES = {"p ~ loss": "#5F7FB8", "p ~ output norm": look("oracle").color}
"""Distributions over all negatives that `experiments.variance` adds to the samplers, and their colours."""
COLUMNS = ["sampler", "weighted", "as_run", "bias", "cosine"]


def rows(found: dict[str, Any]) -> pd.DataFrame:
    """The samplers of `experiments.variance.summary` as a table with COLUMNS; nan where there is no weighted form."""
    table = pd.DataFrame(found["samplers"]).reindex(columns=COLUMNS)
    numbers = table.drop(columns="sampler").apply(pd.to_numeric, errors="coerce")
    table = pd.concat([table[["sampler"]].astype(str), numbers], axis=1)
    order = sorted(table.index, key=lambda i: rank(table["sampler"][i]))
    return table.loc[order].reset_index(drop=True)


def bars(table: pd.DataFrame) -> go.Figure:
    """Two panels with a row a sampler: variance relative to the optimum (1), and bias relative to the full gradient."""
    figure = make_subplots(cols=2, column_widths=[0.66, 0.34], shared_yaxes=True, horizontal_spacing=0.05)
    names = [_name(name) for name in table["sampler"]]
    colors = [REFERENCES.get(name) or look(name).color for name in table["sampler"]]
    _variance(figure, table["weighted"], names, "weighted by 1 / (N p)", colors, 0.95)
    _variance(figure, table["as_run"], names, "as run, unweighted", [tint(c, 0.4) for c in colors], 1.0)
    figure.add_bar(
        x=table["bias"],
        y=names,
        orientation="h",
        marker={"color": [tint(c, 0.4) for c in colors], "line": {"width": 1.2, "color": colors}},
        customdata=table[["cosine"]].to_numpy(float),
        hovertemplate="<b>%{y}</b>, as run<br>bias %{x:.3g} × the length of the full gradient<br>"
        "cosine to the full gradient %{customdata[0]:.3f}<extra></extra>",
        showlegend=False,
        row=1,
        col=2,
    )
    drawn = np.append(table[["weighted", "as_run"]].to_numpy().ravel(), 1.0)
    drawn = drawn[np.isfinite(drawn) & (drawn > 0)]
    figure.update_layout(
        **base(
            52 * len(names) + 120,
            "variance",
            axis("Variance, × least") | {"type": "log"} | _ticks(drawn),
            {"autorange": "reversed", "showgrid": False, "fixedrange": True},
        ),
        barmode="group",
        bargap=0.28,
        yaxis2={"showgrid": False, "fixedrange": True},
        xaxis2=axis("Bias, × full") | {"rangemode": "tozero", "zeroline": False, "automargin": True},
    )
    figure.add_vline(x=1, line={"width": 2, "color": CALM, "dash": "dash"}, row=1, col=1)
    return figure


def _variance(
    figure: go.Figure, values: pd.Series, names: list[str], title: str, colors: list[str], opacity: float
) -> None:
    known = values.where(values > 0)
    figure.add_bar(
        base=1,  # a bar reaches from the optimum to the sampler's variance, to either side
        x=known - 1,
        y=names,
        orientation="h",
        marker={"color": colors, "opacity": opacity},
        customdata=known.to_numpy(float)[:, None],
        name=title,
        hovertemplate=f"<b>%{{y}}</b>, {title}<br>variance %{{customdata[0]:.3g}} × the least possible<extra></extra>",
        row=1,
        col=1,
    )


def _ticks(values: np.ndarray) -> dict[str, Any]:
    """Decades alone where there are several: the panel is narrow on a phone."""
    return {"dtick": 1, "tickformat": "~g"} if values.max() > 12 * values.min() else log_ticks(values)


def _name(sampler: str) -> str:
    return sampler.replace("~", "∝") if sampler in REFERENCES else plain(sampler)
