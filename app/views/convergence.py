"""Do the methods learn, how fast, how well, and does the gradient have anything left to say?"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from ance_core.data.split_names import in_order

from .. import tables
from ..charts import captions, export, measures
from ..charts.curves import Drawing
from ..charts.ends import Level
from ..charts.figures import refresh_marks
from ..charts.groups import Group, by_method, by_run
from ..charts.measures import Measure
from ..frame import live
from ..levels import levels
from ..source import Source, Summary
from ..verbatim import verbatim
from . import blocks, controls, evaluation
from .page import about_runs


@about_runs(
    "Convergence",
    "Which negatives make the encoder better, and how soon? One line a method, on common axes.",
)
def page(source: Source, shown: list[Summary]) -> None:
    """The page *Convergence*."""
    view = controls.draw(several=_have_seeds(shown))
    live(lambda: _figures(source, shown, view), any(run.active for run in shown))


def _have_seeds(shown: Sequence[Summary]) -> bool:
    return any(len(group.members) > 1 for group in by_method([run.member for run in shown]))


def _figures(source: Source, shown: Sequence[Summary], view: controls.View) -> None:
    members = [run.member for run in shown]
    groups = by_run(members) if view.lines == "Each run" else by_method(members)
    names = [run.name for run in shown]
    marks = refresh_marks(source.refreshes(names), groups)
    references = levels(source, shown)
    evaluation.draw(source, shown, groups, view, marks, references)
    _loss(source, names, groups, view, marks)
    _gradients(source, names, groups, view, marks)
    _final(source, shown, groups, references)


def _loss(
    source: Source, names: list[str], groups: list[Group], view: controls.View, marks: pd.DataFrame
) -> None:
    st.subheader("Training loss", anchor=False)
    log = controls.log_axis("log_loss", default=False)
    look = (
        "At a refresh the loss of a method that mines its own negatives jumps: the new ones are harder "
        "than those the "
        "encoder has just learned to push away."
    )
    _figure(source, names, groups, measures.LOSS, view.drawing(), marks, look, log=log)


def _gradients(
    source: Source, names: list[str], groups: list[Group], view: controls.View, marks: pd.DataFrame
) -> None:
    st.subheader("Gradient norm", anchor=False)
    known = source.latest_names(names)
    bands = [name for name in measures.BANDS if f"grad_norm/{name}" in known]
    with st.container(horizontal=True, vertical_alignment="center"):
        layers = controls.layers() if bands else "Total"
        log = controls.log_axis("log_grad", default=True)
    look = (
        "Look for lines that sink towards zero (nothing left to learn from these negatives) and for lines "
        "that stay up. "
        "A higher norm is more signal or more noise: read it together with the dev curve."
    )
    if layers == "Total":
        _figure(source, names, groups, measures.GRADIENT, view.drawing(), marks, look, log=log)
        return
    st.html(f'<p class="ance-lead">{escape(measures.GRADIENT.see)} {escape(look)}</p>')
    st.html(
        '<p class="ance-legend">' + "".join(tables.chip(group.label, group.look) for group in groups) + "</p>"
    )
    columns = st.columns(2)
    for place, name in enumerate(bands):
        with columns[place % 2]:
            st.markdown(f"**{verbatim(measures.band(name).title)}**")
            _panel(source, names, groups, measures.band(name), view.drawing(), log)
    st.caption(verbatim(captions.caption(groups, measures.GRADIENT, view.drawing())))


def _figure(
    source: Source,
    names: list[str],
    groups: list[Group],
    measure: Measure,
    drawing: Drawing,
    marks: pd.DataFrame,
    look: str,
    log: bool = False,
) -> None:
    table = source.curve(names, measure.scalar)
    blocks.figure(table, groups, measure, drawing, look, marks=marks, log=log)


def _panel(
    source: Source, names: list[str], groups: list[Group], measure: Measure, drawing: Drawing, log: bool
) -> None:
    blocks.panel(source.curve(names, measure.scalar), groups, measure, drawing, log)


def _final(
    source: Source, shown: Sequence[Summary], groups: list[Group], references: Sequence[Level]
) -> None:
    st.subheader("Final metrics", anchor=False)
    results = {run.name: source.results(run.name) for run in shown}
    table = export.final_table(groups, results)
    if table.empty:
        st.markdown(
            "No run has finished yet. Test queries are asked once, at the end, so that nobody tunes on them."
        )
        return
    split = controls.split(in_order(table["split"]))
    st.html(tables.final(table, groups, split, references))
    st.caption(
        "Means over finished runs; ± is half the 95 % t-interval over seeds, from two seeds on. "
        + (f"{said} " if (said := captions.references(references)) else "")
        + "Whether a difference is real is asked query by query: `ance compare RUN RUN`."
    )
    table = pd.concat([table, export.reference_rows(references)], ignore_index=True)
    st.download_button(
        "CSV", export.csv(table), "final-metrics.csv", "text/csv", key="csv:final", on_click="ignore",
        type="tertiary", icon=":material/download:",
    )  # fmt: skip
