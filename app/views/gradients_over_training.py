"""Norms by layer over training: from the probes of several steps, or, where there are none, from the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from .. import tables
from ..charts import gradients, gradients_words, measures
from ..charts.curves import Drawing
from ..charts.gradients_words import Words
from ..charts.groups import Group, Member, by_method
from ..charts.measures import Measure
from ..frame import live
from ..probed import Probed
from ..source import Source, Summary
from ..theme import rank
from ..verbatim import verbatim
from . import blocks
from .gradient_figures import words_beside

OWN, SAMPLERS = "Each run, its own negatives", "All samplers, one run"
WINDOW = 25  # steps over which logged gradients are smoothed
COLUMNS = ["run", "step", "layer", "value"]
PROBED = Drawing()
LOGGED = Drawing(window=WINDOW)


def draw(source: Source, probed: Probed, chosen: Summary | None, shown: Sequence[Summary]) -> None:
    """The figure with its words. chosen: the run whose samplers can be compared."""
    st.subheader(gradients_words.BANDS.title, anchor=False)
    own, damaged = _own(probed, shown)
    for line in damaged:
        st.caption(verbatim(f"Left out: {line}."))
    several = _several(own)
    samplers = _samplers(probed, chosen) if chosen else pd.DataFrame(columns=COLUMNS)
    options = [OWN] if len(several) else []
    if _several(samplers)["run"].nunique() > 1:  # points of a single step are no course
        options.append(SAMPLERS)
    if not options:
        _logged(source, shown, once=len(own) > 0)
        return
    lines = options[0]
    if len(options) > 1:
        lines = (
            st.segmented_control(
                "Lines", options, default=options[0], required=True, key="norm_lines", bind="query-params",
                label_visibility="collapsed",
            )
            or OWN
        )  # fmt: skip
    if lines == OWN:
        _panels(several, by_method([run.member for run in shown if run.name in set(several["run"])]), PROBED)
        without = [run.name for run in shown if run.name not in set(several["run"])]
        if without:
            st.caption(
                f"Without at least two probes and therefore not drawn: {verbatim(', '.join(without))}. "
                "`ance train --probe-every 50` measures while a run trains."
            )
    else:
        names = sorted(samplers["run"].unique(), key=rank)
        groups = [
            Group(name, by_method([Member(name, name, 0)])[0].look, (Member(name, name, 0),))
            for name in names
        ]
        _panels(samplers, groups, PROBED)
        st.caption(
            f"All samplers draw from the weights of {verbatim(chosen.name if chosen else '')} at each probed step."
        )


def _own(probed: Probed, shown: Sequence[Summary]) -> tuple[pd.DataFrame, list[str]]:
    """Mean norms of each run's own sampler: run, step, layer, value; and a sentence on each damaged file."""
    parts, damaged = [], []
    for run in shown:
        found, unread = probed.over_steps(run.name, probed.means)
        damaged += unread
        for step, means in found.items():
            if run.method in means.index:
                parts.append(_rows(run.name, step, means.loc[run.method]))
    return _table(parts), damaged


def _samplers(probed: Probed, chosen: Summary) -> pd.DataFrame:
    """Mean norms of every sampler under one run's weights; `run` is the sampler."""
    found, _ = probed.over_steps(chosen.name, probed.means)
    return _table(
        [_rows(str(name), step, row) for step, means in found.items() for name, row in means.iterrows()]
    )


def _rows(run: str, step: int, means: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {"run": run, "step": step, "layer": list(means.index), "value": means.to_numpy(float)}
    )


def _table(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def _several(table: pd.DataFrame) -> pd.DataFrame:
    """Those with two steps or more."""
    return table[table.groupby("run")["step"].transform("nunique") > 1] if len(table) else table


def _panels(table: pd.DataFrame, groups: list[Group], drawing: Drawing) -> None:
    layers = list(dict.fromkeys(table["layer"]))

    def one(layer: str) -> tuple[pd.DataFrame, Measure]:
        rows = table[table["layer"] == layer].assign(seconds=float("nan"), examples=float("nan"))
        name = layer.removeprefix("band/")
        title = gradients.layer_title(layer)
        return rows, Measure(
            f"probe/{name}",
            title,
            "Mean norm of an instance (log scale)",
            gradients_words.BANDS.see,
            digits=4,
        )

    _layout(layers, groups, drawing, one, gradients_words.BANDS)


def _logged(source: Source, shown: Sequence[Summary], once: bool) -> None:
    """Batch gradients, which every run logs, said to be such."""
    known = source.latest_names([run.name for run in shown])
    bands = [name for name in measures.BANDS if f"grad_norm/{name}" in known]
    why = (
        "There is one probe only, and a course needs two."
        if once
        else "No run shown has probes at several steps."
    )
    if not bands:
        st.info(f"{why} Nothing was logged by layer either.", icon=":material/hourglass_empty:")
        return
    st.markdown(f"{why} These are **batch gradients** from the log, not the norms of single instances.")

    def figures() -> None:
        groups = by_method([run.member for run in shown])

        def one(name: str) -> tuple[pd.DataFrame, Measure]:
            measure = measures.band(name)
            return source.curve([run.name for run in shown], measure.scalar), measure

        _layout(bands, groups, LOGGED, one, gradients_words.LOGGED)

    live(figures, any(run.active for run in shown))


def _layout(
    layers: list[str],
    groups: list[Group],
    drawing: Drawing,
    one: Callable[[str], tuple[pd.DataFrame, Measure]],
    said: Words,
) -> None:
    """A small figure a layer, the words beside them all."""
    left, right = st.columns([7, 3], gap="medium")
    with left:
        st.html(
            '<p class="ance-legend">'
            + "".join(tables.chip(group.label, group.look) for group in groups)
            + "</p>"
        )
        for place, layer in enumerate(layers):
            if place % 2 == 0:  # a row at a time: on a phone they follow one another in their order
                columns = st.columns(2)
            with columns[place % 2]:
                rows, measure = one(layer)
                st.markdown(f"**{verbatim(measure.title)}**")
                _panel(rows, groups, measure, drawing)
    with right:
        words_beside(said)


def _panel(rows: pd.DataFrame, groups: list[Group], measure: Measure, drawing: Drawing) -> None:
    blocks.panel(rows, groups, measure, drawing, log=True)
