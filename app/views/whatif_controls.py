"""The sliders of *What-if sampler*, each bound to the link."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from ance_core.config import FilterConfig
from ance_core.probes.whatif import Situation, WhatIf

from .. import words

RECIPES = {"ANCE": "ance", "SimANS": "simans"}
MARGINS = {
    "None": "",
    "Absolute": "absolute_margin",
    "Relative": "relative_margin",
    "Percentage": "percentage_of_positive",
    "Highest score": "max_score",
}
SHARPNESS = tuple(float(f"{v:.2g}") for v in np.logspace(-3, 2, 31))
HINTS = {
    "absolute_margin": "Kept: candidates at least so many score units below the positive.",
    "relative_margin": "Kept: candidates below the positive by this share of its own score.",
    "percentage_of_positive": "Kept: candidates that score at most this share of the positive's score.",
    "max_score": "Kept: candidates that score at most this, whatever the positive has.",
}


def draw(known: Situation, documents: int, method: str) -> WhatIf:
    """The settings that the sliders say. documents: of the corpus, which k is a share of. method: of the run."""
    width = known.pool.docs.shape[1]
    name = st.segmented_control(
        "Draw as", list(RECIPES), default="SimANS" if method == "simans" else "ANCE", required=True, key="draw",
        bind="query-params",
        help="ANCE draws all candidates alike; SimANS prefers those that score about as high as the positive.",
    )  # fmt: skip
    recipe = RECIPES.get(name or "", "ance")
    depth = width
    if width > 1:
        _fit("depth", 1, width)
        depth = st.slider(
            "Candidates a query (k)", 1, width, min(200, width), key="depth", bind="query-params"
        )
        st.caption(f"{words.of_corpus(int(depth), documents)} of the corpus.")
    a, b = _simans(known) if recipe == "simans" else (None, 0.0)
    return WhatIf(recipe, int(depth), a, b, _filters(known, int(depth)))


def _simans(known: Situation) -> tuple[float | None, float]:
    suggested = st.toggle(
        "Suggest a from the scores", True, key="suggested", bind="query-params",
        help="As training does unless it is told an a: from how far candidates score from their positives.",
    )  # fmt: skip
    a = None
    if not suggested:
        a = st.select_slider(
            "Sharpness a (1 / score²)", SHARPNESS, SHARPNESS[15], key="a", bind="query-params",
            help="Larger: only candidates that score almost exactly like the peak. The published .5 fits scores "
            "that vary by about one.",
        )  # fmt: skip
    low, high = known.gap_range
    reach = float(max(np.ceil(-low), np.ceil(high), 1.0))
    _fit("b", -reach, reach)
    b = st.slider(
        "Peak b (score units above the positive)", -reach, reach, 0.0, reach / 50, key="b", bind="query-params",
        help="0 prefers candidates that score like the positive; below 0, easier ones.",
    )  # fmt: skip
    return a, float(b)


def _filters(known: Situation, depth: int) -> FilterConfig:
    given: dict[str, Any] = {}
    if depth > 1:
        _fit("ranks", 1, depth)
        first, last = st.slider("Ranks kept", 1, depth, (1, depth), key="ranks", bind="query-params")
        given |= {"rank_from": int(first)} | ({"rank_to": int(last)} if last < depth else {})
    kind = st.selectbox(
        "Margin filter", list(MARGINS), key="margin", bind="query-params",
        help="Takes out candidates that score too close to the positive: they may be relevant and unjudged.",
    )  # fmt: skip
    field = MARGINS.get(kind or "None", "")
    if field:
        low, high, start = _reach(field, known)
        _fit(field, low, high)
        value = st.slider(HINTS[field], low, high, start, (high - low) / 100, key=field, bind="query-params")
        given[field] = float(value)
    return FilterConfig(**given)


def _reach(field: str, known: Situation) -> tuple[float, float, float]:
    """Lowest, highest and first value of a margin's slider."""
    if field == "relative_margin":
        return 0.0, 1.0, 0.05
    if field == "percentage_of_positive":
        return 0.05, 1.0, 0.95
    if field == "absolute_margin":
        reach = float(np.ceil(max(-known.gap_range[0], 1.0)))
        return -reach, reach, 0.0
    scores = known.pool.scores[known.pool.docs >= 0]
    low, high = (float(np.floor(scores.min())), float(np.ceil(scores.max()))) if len(scores) else (0.0, 1.0)
    high = max(high, low + 1.0)
    return low, high, high


def _fit(key: str, low: float, high: float) -> None:
    """Forget a slider's place that this run or depth does not reach."""
    value = st.session_state.get(key)
    ends = value if isinstance(value, (tuple, list)) else (value,)
    if value is not None and any(not low <= end <= high for end in ends):
        del st.session_state[key]
