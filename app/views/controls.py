"""The controls of *Convergence*. Each is bound to the link, so that a link restores the view."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from ..charts.curves import Band, Drawing
from ..charts.ends import Interval
from ..charts.measures import EVALUATIONS, X
from ..charts.smoothing import Kind
from ..verbatim import verbatim
from .choices import keep_if_offered

WINDOWS = (1, 5, 11, 25, 51, 101, 201)
AXES: dict[str, X] = {"Steps": "step", "Seconds": "seconds", "Queries": "examples"}
BANDS: dict[str, Band] = {"Range": "range", "95 %": "interval", "None": "none"}
INTERVALS: dict[str, Interval] = {"Interval at the end": "ends", "Bands": "bands", "No interval": "none"}
KINDS: dict[str, Kind] = {"Centred": "centred", "Trailing": "trailing"}


class View(NamedTuple):
    """What the controls say."""

    x: X
    lines: str  # By method | Each run
    band: Band
    window: int
    kind: Kind

    def drawing(self, smooth: bool = True, band: Band | None = None) -> Drawing:
        """The same for the charts; evaluations are never smoothed, and have another band."""
        return Drawing(self.x, self.window if smooth else 1, self.kind, band or self.band)


def draw(several: bool) -> View:
    """The row of controls above the figures. `several`: some method has more than one seed to band."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        x = _choice("Against", list(AXES), "x")
        lines = _choice("Lines", ["By method", "Each run"], "lines")
        band = "Range"
        if several and lines == "By method":
            band = _choice("Band over seeds", list(BANDS), "band")
        with st.popover("Smoothing", icon=":material/airwave:"):
            window = st.select_slider(
                "Window (steps); 1 is off", WINDOWS, value=25, key="window", bind="query-params"
            )
            kind = _choice("Kind", list(KINDS), "kind")
            st.caption(
                "Only what is measured at every step is smoothed: loss and gradient norms. *Centred* puts "
                "the mean of "
                "a window in its middle: no lag, but it looks ahead. *Trailing* knows only the past: it "
                "lags by about "
                "half a window. The measurements stay visible behind the line."
            )
    return View(AXES[x], lines, BANDS[band], int(window), KINDS[kind])


def evaluation() -> str:
    """Which dev measure; a key of `EVALUATIONS`."""
    return _choice("Measure", list(EVALUATIONS), "measure", label="collapsed")


def interval() -> Interval:
    """Where the intervals of evaluations are drawn."""
    return INTERVALS[_choice("95 % interval", list(INTERVALS), "interval", label="collapsed")]


def layers() -> str:
    """Total | By layer band."""
    return _choice("Layers", ["Total", "By layer band"], "layers", label="collapsed")


def watched(splits: list[str]) -> str:
    """Whose curves are shown: the first of `splits` unless another is chosen. Not asked where there is one."""
    if len(splits) < 2:
        return splits[0]
    keep_if_offered("queries", splits)
    chosen = st.selectbox(
        "Queries", splits, key="queries", bind="query-params", label_visibility="collapsed", width=220
    )
    return chosen or splits[0]


def split(splits: list[str]) -> str:
    """Whose final metrics are shown: test, dev or another of `splits`."""
    keep_if_offered("split", offered := ["Test", "Dev", *(s for s in splits if s not in ("test", "dev"))])
    chosen = _choice(
        "Split", offered, "split", label="collapsed", shown=verbatim
    )  # names that data sets give
    return chosen.lower()


def log_axis(key: str, default: bool) -> bool:
    """Whether the vertical axis is logarithmic."""
    return st.toggle("Log axis", value=default, key=key, bind="query-params")


def _choice(
    title: str, options: list[str], key: str, label: str = "visible", shown: Callable[[str], str] = str
) -> str:
    chosen = st.segmented_control(
        title,
        options,
        default=options[0],
        required=True,
        key=key,
        bind="query-params",
        label_visibility=label,
        format_func=shown,
    )
    return chosen or options[0]
