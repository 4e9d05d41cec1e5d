"""Blocks that pages are put together from: a figure of curves with its words and downloads."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from .. import chart
from ..charts import captions, export
from ..charts.curves import Drawing, curves
from ..charts.figures import PANEL_HEIGHT, camera, curves_figure
from ..charts.groups import Group
from ..charts.measures import Measure
from ..verbatim import verbatim


def figure(
    table: pd.DataFrame,
    groups: list[Group],
    measure: Measure,
    drawing: Drawing,
    look: str,
    *,
    marks: pd.DataFrame | None = None,
    log: bool = False,
) -> None:
    """Curves with words beside them, from a table with run, step, value, seconds, examples; a sentence if it is empty."""
    drawn = curves(table, groups, drawing)
    if drawn.empty:
        nothing_yet(measure)
        return
    made = curves_figure(drawn, groups, measure, drawing.x, log=log, refreshes=marks)
    said = captions.caption(groups, measure, drawing)
    file = export.filename(measure, drawing)
    framed(
        made, f"figure:{measure.scalar}", file, said, drawn, (measure.see, look),
        page=lambda: export.page(made, measure, said, file),
    )  # fmt: skip


def framed(
    made: go.Figure,
    key: str,
    file: str,
    said: str,
    numbers: pd.DataFrame,
    words: tuple[str, str],
    *,
    page: export.Lazy | None = None,
    on_click: Callable[[dict[str, Any]], None] | None = None,
    finding: str = "",
) -> None:
    """Any figure with what it shows (`finding`), its caption (`said`) and downloads; beside it what to look for."""
    left, right = st.columns([7, 3], gap="medium")
    with left:
        chart.show(made, key, camera(file), on_click=on_click)
        if finding:
            st.html(f'<p class="ance-finding">{escape(finding)}</p>')
        st.caption(verbatim(said))
        downloads(numbers, page, file)
    with right:
        beside(*words)


def panel(table: pd.DataFrame, groups: list[Group], measure: Measure, drawing: Drawing, log: bool) -> None:
    """A small figure without legend and words, one of several."""
    drawn = curves(table, groups, drawing)
    made = curves_figure(drawn, groups, measure, drawing.x, log=log, legend=False, height=PANEL_HEIGHT)
    file = export.filename(measure, drawing)
    chart.show(made, f"figure:{measure.scalar}", camera(file))
    said = captions.caption(groups, measure, drawing)
    downloads(drawn, lambda: export.page(made, measure, said, file), file)


def beside(see: str, look: str) -> None:
    """The words beside a figure."""
    st.html(
        f'<div class="ance-beside"><h4>What you see</h4><p>{escape(see)}</p>'
        f"<h4>What to look for</h4><p>{escape(look)}</p></div>"
    )


def downloads(drawn: pd.DataFrame, page: export.Lazy | None, file: str) -> None:
    """The numbers drawn, and the figure as a page. Both are made when asked for: the page weighs megabytes."""
    files = [("CSV", lambda: export.csv(drawn), "text/csv", "The numbers behind the figure")]
    if page is not None:
        files.append(("HTML", page, "text/html", "The figure as a page that works offline"))
    with st.container(horizontal=True, key=f"downloads:{file}"):
        for label, make, mime, hint in files:
            name = f"{file}.{label.lower()}"
            st.download_button(
                label, make, name, mime, key=name, on_click="ignore", type="tertiary",
                icon=":material/download:", help=hint,
            )  # fmt: skip


def nothing_yet(measure: Measure) -> None:
    """In place of a figure without a value."""
    st.info(
        verbatim(f"{measure.title}: nothing recorded yet. The curve appears with the first value."),
        icon=":material/hourglass_empty:",
    )
