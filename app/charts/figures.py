"""The figure of curves over training: one line a group, its band, its raw points, its refreshes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..theme import FAINT, FONT, GRID, INK, tint
from .groups import Group
from .layout import axis, base, plain
from .measures import X_TITLES, Measure, X
from .smoothing import thin

HEIGHT, PANEL_HEIGHT = 430, 300
RAW_POINTS = 6000  # of all runs of a figure together


def curves_figure(
    drawn: pd.DataFrame,
    groups: Sequence[Group],
    measure: Measure,
    x: X,
    *,
    log: bool = False,
    refreshes: pd.DataFrame | None = None,
    legend: bool = True,
    height: int = HEIGHT,
) -> go.Figure:
    """`drawn` as `curves` returns it; `refreshes` as `refresh_marks` does.

    Zoom survives new data (uirevision).
    """
    figure = go.Figure()
    by_label = dict(iter(drawn.groupby("group", sort=False)))
    present = [group for group in groups if group.label in by_label]
    raws = drawn.loc[drawn["role"] == "raw", "run"].nunique()
    # Many runs measured at every step must not drown the lines.
    opacity = max(0.07, 0.4 / max(raws, 1) ** 0.6) if measure.each_step else 0.35
    for group in present:  # below: raw points and bands, so that no line is covered
        _add_raw(figure, group, by_label[group.label], opacity, max(RAW_POINTS // max(raws, 1), 60))
        _add_band(figure, group, by_label[group.label])
    for group in present:
        _add_line(figure, group, by_label[group.label], measure, x)
    if refreshes is not None:
        for group in present:
            _add_refreshes(
                figure, group, refreshes[refreshes["group"] == group.label], by_label[group.label], log
            )
    ticks = drawn["value"].to_numpy(float) if log else None
    figure.update_layout(
        **base(
            height,
            f"{measure.scalar}|{x}|{log}",
            axis(X_TITLES[x], rangemode="tozero", showgrid=False),
            axis(measure.axis, ticks),
            legend=legend,
        )
    )
    return figure


def _add_band(figure: go.Figure, group: Group, rows: pd.DataFrame) -> None:
    low, high = rows[rows["role"] == "low"], rows[rows["role"] == "high"]
    if low.empty:
        return
    outline = {
        "x": np.concatenate([high["x"], low["x"][::-1]]),
        "y": np.concatenate([high["value"], low["value"][::-1]]),
    }
    figure.add_scatter(
        **outline,
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=tint(group.look.color, 0.16),
        hoverinfo="skip",
        showlegend=False,
        legendgroup=group.label,
        name=f"{group.label} (band)",
    )


def _fewer(raw: pd.DataFrame, most: int) -> pd.DataFrame:
    """About `most` points a run at the most, its peaks among them: many runs would make the page slow."""
    if len(raw) <= most:
        return raw
    places = raw.groupby("run", sort=False).indices.values()
    values = raw["value"].to_numpy()
    return raw.iloc[np.concatenate([rows[thin(values[rows], most)] for rows in places])]


def _add_raw(figure: go.Figure, group: Group, rows: pd.DataFrame, opacity: float, points: int) -> None:
    raw = rows[rows["role"] == "raw"]
    if raw.empty:
        return
    raw = _fewer(raw, points)
    names = raw["run"].to_numpy()
    gaps = np.flatnonzero(names[1:] != names[:-1]) + 1  # one trace a group: a gap (NaN) between its runs
    figure.add_scatter(
        x=np.insert(raw["x"].to_numpy(float), gaps, np.nan),
        y=np.insert(raw["value"].to_numpy(float), gaps, np.nan),
        mode="lines",
        line={"width": 1, "color": tint(group.look.color, opacity)},
        hoverinfo="skip",
        showlegend=False,
        legendgroup=group.label,
        name=f"{group.label} (raw)",
        connectgaps=False,
    )


def _add_line(figure: go.Figure, group: Group, rows: pd.DataFrame, measure: Measure, x: X) -> None:
    line = rows[rows["role"] == "line"]
    few = len(line) <= 40  # evaluations: the measured points are marked, the line between them is a guide
    runs = int(line["runs"].max()) if len(line) else 1
    over = f"mean of {runs} runs" if runs > 1 else (line["run"].iloc[0] if len(line) else "")
    at = {"step": "step %{x:,.0f}", "seconds": "%{x:,.1f} s (step %{customdata:,.0f})"}
    figure.add_scatter(
        x=line["x"],
        y=line["value"],
        customdata=line["step"],
        mode="lines+markers" if few else "lines",
        line={"width": 2.2, "color": group.look.color, "dash": group.look.dash},
        marker={"symbol": group.look.marker, "size": 7, "color": group.look.color},
        name=group.label,
        legendgroup=group.label,
        hovertemplate=f"<b>{plain(group.label)}</b>  %{{y:.{measure.digits}f}}<br>"
        + at.get(x, "%{x:,.0f} queries (step %{customdata:,.0f})")
        + f"<br><i>{plain(str(over))}</i><extra></extra>",
    )


def _add_refreshes(
    figure: go.Figure, group: Group, marks: pd.DataFrame, rows: pd.DataFrame, log: bool
) -> None:
    line = rows[(rows["role"] == "line") & np.isfinite(rows["value"])]
    if marks.empty or line.empty:
        return
    marks = marks[(marks["step"] >= line["step"].min()) & (marks["step"] <= line["step"].max())]
    heights = line["value"].to_numpy(float)
    usable = np.log(np.maximum(heights, 1e-12)) if log else heights  # on the line as it is drawn
    y = np.interp(marks["step"], line["step"], usable)
    figure.add_scatter(
        x=np.interp(marks["step"], line["step"], line["x"]),
        y=np.exp(y) if log else y,
        customdata=marks[["step", "jaccard", "seconds", "staleness"]].to_numpy(float),
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 12, "color": group.look.color, "line": {"width": 1.6}},
        name=f"{group.label}: refresh",
        legendgroup=group.label,
        showlegend=False,
        hovertemplate=f"<b>{plain(group.label)}</b>  refresh at step %{{customdata[0]:,.0f}}<br>"
        "negatives kept (Jaccard)  %{customdata[1]:.2f}<br>took  %{customdata[2]:.2f} s<br>"
        "age of the index when taken up  %{customdata[3]:,.0f} steps<extra></extra>",
    )


def refresh_marks(table: pd.DataFrame, groups: Sequence[Group]) -> pd.DataFrame:
    """Refreshes to mark, from a table with run, step, index_step, jaccard, seconds_total.

    Columns: group, step, jaccard, seconds, staleness (steps); means over the averaged runs of a group.
    """
    parts = []
    for group in groups:
        own = table[table["run"].isin([m.run for m in group.averaged])]
        if own.empty:
            continue
        marks = pd.DataFrame(
            {
                "step": own["step"],
                "jaccard": own["jaccard"].astype(float),
                "seconds": own["seconds_total"].astype(float),
                "staleness": own["step"] - own["index_step"],
            }
        )
        parts.append(marks.groupby("step", as_index=False).mean().assign(group=group.label))
    columns = ["group", "step", "jaccard", "seconds", "staleness"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def standalone(figure: go.Figure, title: str, caption: str, filename: str) -> str:
    """The figure as one HTML page that needs no network: title above, how it was drawn below."""
    page = go.Figure(figure)
    ruled = {"gridcolor": GRID, "linecolor": GRID, "color": FAINT}
    page.update_layout(
        template="none",
        font={"family": FONT, "size": 14, "color": INK},
        title={
            "text": f"<b>{plain(title)}</b><br><sup>{plain(caption)}</sup>",
            "x": 0.02,
            "xanchor": "left",
        },
        margin={"l": 70, "r": max(30, figure.layout.margin.r or 0), "t": 80, "b": 60},
        height=600,
        paper_bgcolor="white",
        plot_bgcolor="white",
    )
    page.update_xaxes(ruled)
    page.update_yaxes(ruled)
    return page.to_html(include_plotlyjs=True, full_html=True, config=camera(filename))


def camera(filename: str) -> dict:
    """Plotly's configuration: a camera button that saves a sharp PNG under a telling name, few others."""
    return {
        "displaylogo": False,
        "showSendToCloud": False,  # a button that sends the figure to a company's server
        "plotlyServerURL": "",
        "responsive": True,
        "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d", "pan2d"],
        "toImageButtonOptions": {"format": "png", "filename": filename, "scale": 2},
    }
