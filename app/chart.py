"""A Plotly figure in a page that is updated in place while a run is training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go
import streamlit as st
from streamlit.components.v1 import declare_component

SCRIPT = (Path(__file__).with_name("assets") / "chart.js").read_text(encoding="utf-8")
LIBRARY = Path(plotly.__file__).with_name(
    "package_data"
)  # plotly.min.js: the very one that HTML downloads hold


def preload() -> None:
    """Let the browser fetch the chart library now, while the first figure is still being made."""
    with st.container(key="preload"):
        _component()(key="preload-library", data={"library": _library()})


def show(
    figure: go.Figure,
    key: str,
    config: dict[str, Any],
    on_click: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Draw `figure` under an identity of its own (`key`), as wide as its container, `layout.height` pixels high.

    on_click: called before the page is drawn anew with the point that was clicked: `trace` (its name), `x`, `y`,
    and `customdata`, a list, empty where the trace has none.
    """
    data = {
        "figure": figure.to_json(),
        "height": figure.layout.height,
        "config": config,
        "library": _library(),
        "clickable": on_click is not None,
    }
    if on_click is None:
        _component()(key=key, data=data)
        return

    def clicked() -> None:
        if point := st.session_state[key].get("clicked"):
            on_click(dict(point))

    _component()(key=key, data=data, on_clicked_change=clicked)


def _library() -> str:
    """The library's address. Registered at every run (it is idempotent), for the server to offer it."""
    return f"/component/{declare_component('plotly', path=str(LIBRARY)).name}/plotly.min.js"


def _component() -> Any:
    """The component, registered at every run: what a server forgot between two sessions is there again."""
    return st.components.v2.component(
        "ance_figure",
        html='<div class="ance-figure"></div>',
        js=SCRIPT,
        isolate_styles=False,
    )
