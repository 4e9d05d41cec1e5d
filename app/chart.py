"""A Plotly figure in a page that is updated in place while a run is training."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go
import streamlit as st
from streamlit.components.v1 import declare_component

SCRIPT = Path(__file__).with_name("assets") / "chart.js"
LIBRARY = Path(plotly.__file__).with_name(
    "package_data"
)  # plotly.min.js: the very one that HTML downloads hold


def show(figure: go.Figure, key: str, config: dict[str, Any]) -> None:
    """Draw `figure` under an identity of its own (`key`), as wide as its container, `layout.height` pixels high."""
    # Registered at every run (it is idempotent): the server then offers the library under /component/.
    served = declare_component("plotly", path=str(LIBRARY))
    data = {
        "figure": figure.to_json(),
        "height": figure.layout.height,
        "config": config,
        "library": f"/component/{served.name}/plotly.min.js",
    }
    _component()(key=key, data=data)


@cache
def _component() -> Any:
    return st.components.v2.component(
        "ance_figure",
        html='<div class="ance-figure"></div>',
        js=SCRIPT.read_text(encoding="utf-8"),
        isolate_styles=False,
    )
