"""Figures of instance norms: their distribution by sampler, and against rank and difficulty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..theme import look, rank, tint
from . import measures
from .gradients_points import Texts, customdata, thin
from .layout import axis, base, plain

ROW = 62  # pixels a sampler has in the ridgeline
RIDGE, STRIP = 0.72, 0.2  # of a row: height of the curve above its line, depth of the points below it
CALM = "#7b8494"  # for what belongs to no method; legible on white and on the dark background
GRID_POINTS = 160
STRIP_POINTS = 1000  # below the curves dots lie close: half of what a scatter shows is enough


def layer_title(column: str) -> str:
    """`All weights`, or the name of a band of layers, from its column in a probe's table."""
    name = column.removeprefix("band/")
    return "All weights" if column == "total" else measures.BANDS.get(name, name.capitalize())


def ordered(frame: pd.DataFrame) -> list[str]:
    """The samplers of a probe in the order methods are taught."""
    return sorted(map(str, frame["sampler"].unique()), key=rank)


def densities(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """What the ridgeline draws: sampler, norm, density (per factor of ten of the norm), by sampler.

    Kernel density of log10 of the norms above 0 (Gaussian, Scott's width); samplers with fewer than 3 different norms
    have no rows.
    """
    from scipy.stats import gaussian_kde  # slow to import, and no other page needs it

    parts = []
    for name in ordered(frame):
        norms = _positive(frame.loc[frame["sampler"] == name, column])
        if len(np.unique(norms)) < 3:
            continue
        logs = np.log10(norms)
        kernel = gaussian_kde(logs)
        pad = 3 * float(np.sqrt(kernel.covariance[0, 0]))
        at = np.linspace(logs.min() - pad, logs.max() + pad, GRID_POINTS)
        parts.append(pd.DataFrame({"sampler": name, "norm": 10**at, "density": kernel(at)}))
    return (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["sampler", "norm", "density"])
    )


def ridges(
    frame: pd.DataFrame, column: str, title: str, spreads: dict[str, dict[str, float]], texts: Texts
) -> go.Figure:
    """A row a sampler: density of the norm, its instances, median (line) and mean with interval (diamond).

    column: the norm that is drawn. spreads: by sampler mean, median, low, high (`probe_summary.spread`).
    """
    names = ordered(frame)
    place = {name: len(names) - 1 - i for i, name in enumerate(names)}
    curves = densities(frame, column)
    tallest = curves["density"].max() if len(curves) else 1.0
    figure = go.Figure()
    peaks = dict.fromkeys(names, 0.3)  # how high the line of the median reaches where there is no curve
    for name, own in curves.groupby("sampler", sort=False):
        at, height = own["norm"].to_numpy(), RIDGE * own["density"].to_numpy() / tallest
        _ridge(figure, str(name), at, place[str(name)] + height, place[str(name)])
        peaks[str(name)] = float(np.interp(spreads[str(name)]["median"], at, height))
    shown = thin(frame[frame[column] > 0], STRIP_POINTS)
    _strips(figure, shown, column, place, texts)
    for name in names:
        _marks(figure, name, spreads[name], place[name], peaks[name])
    positive = _positive(frame[column])
    figure.update_layout(
        **base(
            ROW * len(names) + 90,
            f"ridges|{column}",
            axis(f"{title} (log scale)", positive) | {"showgrid": True},
            {
                "tickvals": list(place.values()),
                "ticktext": [plain(name) for name in names],
                "range": [-0.4, len(names) - 0.05],
                "showgrid": False,
                "fixedrange": True,
            },
            legend=False,
        )
    )
    return figure


def _ridge(figure: go.Figure, name: str, at: np.ndarray, height: np.ndarray, floor: float) -> None:
    color = look(name).color
    figure.add_scatter(
        x=[at[0], *at, at[-1]],
        y=[floor, *height, floor],
        mode="lines",
        line={"width": 1.6, "color": color},
        fill="toself",
        fillcolor=tint(color, 0.22),
        hoverinfo="skip",
        name=name,
    )


def _strips(figure: go.Figure, shown: pd.DataFrame, column: str, place: dict[str, int], texts: Texts) -> None:
    """The instances below the curves, all samplers in one trace: each further one costs the browser."""
    samplers = shown["sampler"].astype(str)
    # Spread over the strip by the golden ratio: even, and the same at every look.
    depth = (shown.groupby("sampler", sort=False).cumcount().to_numpy() * 0.618034) % 1.0
    colors = {name: tint(look(name).color, 0.55) for name in place}
    figure.add_scatter(
        x=shown[column],
        y=samplers.map(place).to_numpy(float) - 0.06 - STRIP * depth,
        customdata=customdata(shown, texts),
        mode="markers",
        marker={"size": 4, "color": [colors[name] for name in samplers]},
        name="instances",
        hovertemplate="%{customdata[0]}<extra></extra>",
    )


def _marks(figure: go.Figure, name: str, spread: dict[str, float], floor: float, peak: float) -> None:
    color = look(name).color
    figure.add_scatter(
        x=[spread["median"]] * 2,
        y=[floor, floor + peak],
        mode="lines",
        line={"width": 2.4, "color": color, "dash": "2px,2px"},
        hovertemplate=f"<b>{plain(name)}</b>  median %{{x:.3g}}<extra></extra>",
        name=f"{name}: median",
    )
    figure.add_scatter(
        x=[spread["mean"]],
        y=[floor + 0.12],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [spread["high"] - spread["mean"]],
            "arrayminus": [spread["mean"] - spread["low"]],
            "color": color,
            "thickness": 1.6,
        },
        mode="markers",
        marker={"symbol": "diamond", "size": 9, "color": color, "line": {"width": 1, "color": "#fff"}},
        hovertemplate=f"<b>{plain(name)}</b>  mean %{{x:.3g}}, 95 % from {spread['low']:.3g} to "
        f"{spread['high']:.3g}<extra></extra>",
        name=f"{name}: mean",
    )


def against(
    frame: pd.DataFrame,
    x: np.ndarray,
    column: str,
    titles: tuple[str, str],
    bands: pd.DataFrame,
    texts: Texts,
    *,
    log_x: bool,
    marks: Sequence[tuple[float, str]] = (),
    key: str,
) -> go.Figure:
    """Norms against x (m,): instances as points, the mean and the middle 80 % of each band over them.

    bands: from `probe_summary.in_bands`. marks: vertical lines with words.
    """
    figure = go.Figure()
    known = frame.assign(x=x)
    known = known[known[column] > 0]
    shown = thin(known)
    for name in ordered(shown):
        own = shown[shown["sampler"] == name]
        figure.add_scattergl(
            x=own["x"],
            y=own[column],
            customdata=customdata(own.drop(columns="x"), texts),
            mode="markers",
            marker={"size": 5, "color": tint(look(name).color, 0.5), "symbol": look(name).marker},
            name=name,
            hovertemplate="%{customdata[0]}<extra></extra>",
        )
    _band_means(figure, bands)
    for at, words in marks:
        _mark(figure, at, words, log_x)
    figure.update_layout(
        **base(
            430,
            key,
            axis(titles[0])
            | {"showgrid": False}
            | ({"type": "log", "dtick": 1, "tickformat": "~g"} if log_x else {}),
            axis(titles[1], known[column].to_numpy()),
            legend=False,
        )
    )
    return figure


def _mark(figure: go.Figure, at: float, words: str, log_x: bool) -> None:
    figure.add_vline(x=at, line={"width": 1.6, "dash": "dash", "color": CALM})
    figure.add_annotation(
        x=np.log10(at) if log_x else at,  # annotations, unlike lines, are placed by the logarithm
        y=1,
        yref="paper",
        text=words,
        showarrow=False,
        xanchor="left" if log_x else "right",
        yanchor="top",
        xshift=4 if log_x else -4,
        font={"size": 12},
    )


def _band_means(figure: go.Figure, bands: pd.DataFrame) -> None:
    drawn = bands[bands["mean"] > 0]
    figure.add_scatter(
        x=drawn["at"],
        y=drawn["mean"],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": np.maximum(drawn["p90"] - drawn["mean"], 0),
            "arrayminus": np.maximum(drawn["mean"] - drawn["p10"], 0),
            "color": CALM,
            "thickness": 1.6,
        },
        customdata=drawn[["low", "high", "instances", "variance", "p10", "p90"]].to_numpy(float),
        mode="lines+markers",
        line={"width": 2.6, "color": CALM},
        marker={"size": 9, "color": CALM, "symbol": "circle", "line": {"width": 1.2, "color": "#fff"}},
        name="mean of the band, with its middle 80 %",
        hovertemplate="<b>from %{customdata[0]:.4~g} to below %{customdata[1]:.4~g}</b><br>mean norm %{y:.3g}, "
        "variance %{customdata[3]:.3g}<br>middle 80 %: %{customdata[4]:.3g} to %{customdata[5]:.3g}<br>"
        "%{customdata[2]:,.0f} instances<extra></extra>",
    )


def _positive(values: pd.Series) -> np.ndarray:
    norms = values.to_numpy(float)
    return norms[norms > 0]
