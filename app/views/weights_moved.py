"""Gradient norms and how far the weights have moved, side by side: what an optimizer makes of large gradients."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from .. import tables, words
from ..charts import captions, gradients_words, measures
from ..charts.curves import Drawing
from ..charts.groups import by_method
from ..frame import live
from ..source import Source, Summary
from ..verbatim import verbatim
from . import blocks
from .gradient_figures import words_beside

WINDOW = 25  # steps over which gradient norms are smoothed
NORMS, WAY = Drawing(window=WINDOW), Drawing()


def draw(source: Source, shown: Sequence[Summary]) -> None:
    """The two figures with their words; of runs trained before the distance was logged, a sentence."""
    st.subheader(gradients_words.MOVED.title, anchor=False)
    live(lambda: _figures(source, shown), any(run.active for run in shown))


def _figures(source: Source, shown: Sequence[Summary]) -> None:
    ways = source.curve([run.name for run in shown], measures.DISTANCE.scalar)
    measured = [run for run in shown if run.name in set(ways["run"])]
    if not measured:
        st.info(_nothing(shown), icon=":material/hourglass_empty:")
        return
    names = [run.name for run in measured]
    norms = source.curve(names, measures.GRADIENT.scalar)
    left, right = st.columns([7, 3], gap="medium")
    with left:
        _panels(norms, ways, measured)
        st.caption(verbatim(_caption(measured, [run for run in shown if run.name not in names])))
    with right:
        words_beside(gradients_words.MOVED)


def _panels(norms: pd.DataFrame, ways: pd.DataFrame, measured: Sequence[Summary]) -> None:
    groups = by_method([run.member for run in measured])
    chips = "".join(tables.chip(group.label, group.look) for group in groups)
    st.html(f'<p class="ance-legend">{chips}</p>')
    parts = ((norms, measures.GRADIENT, NORMS), (ways[ways["value"] > 0], measures.DISTANCE, WAY))
    for column, (table, measure, drawing) in zip(st.columns(2), parts, strict=True):
        with column:
            st.markdown(f"**{measure.title}**")
            blocks.panel(table, groups, measure, drawing, log=True)  # so the start itself, at 0, has no point


def _nothing(shown: Sequence[Summary]) -> str:
    if any(run.step == 0 and run.active for run in shown):
        return "Nothing recorded yet. The curves appear with the first step."
    several = len(shown) > 1
    return (
        f"{'These runs were' if several else 'This run was'} trained before the distance of the weights from their start "
        "was logged. Train again to see it."
    )


def _caption(measured: Sequence[Summary], without: Sequence[Summary]) -> str:
    said = captions.caption(by_method([run.member for run in measured]), measures.GRADIENT, NORMS)
    said += " Distances are as measured, in a fork from where it begins."
    if without:
        names = [run.name for run in without]
        named = words.listing(names) if len(names) <= 3 else words.count(len(names), "run")
        said += f" Trained before distances were logged, or not begun, and therefore not drawn: {named}."
    return said
