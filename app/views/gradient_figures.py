"""The figures of one probe: distributions, rank and difficulty, the bound, the variance."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from ance_core.errors import StoreError
from ance_core.experiments import probe_summary

from .. import chart, tables, words
from ..charts import gradients, gradients_bound, gradients_variance, gradients_words
from ..charts.figures import camera, standalone
from ..charts.gradients import layer_title
from ..charts.gradients_points import Texts, parts
from ..charts.gradients_points import norms as norms_of
from ..charts.gradients_words import Words
from ..probed import Probed
from ..source import Source
from ..verbatim import verbatim
from . import blocks, probing

if TYPE_CHECKING:
    from .gradients import Choice

BINS = 12  # of s_neg - s_pos


def norms(probed: Probed, chosen: Choice, texts: Texts) -> None:
    """Distribution of the norm by sampler."""
    table, column = chosen.table, chosen.column
    said = gradients_words.NORMS
    st.subheader(said.title, anchor=False)
    spreads = {
        str(name): probe_summary.spread(own[column].to_numpy(float))
        for name, own in table.groupby("sampler", sort=False)
    }
    # a phone's axis is narrow
    short = "Gradient norm" if column == "total" else f"Norm, {chosen.title.lower()}"
    made = gradients.ridges(table, column, short, spreads, texts)
    queries = table["query"].nunique()
    caption = f"{words.count(len(table), 'instance')} of {queries:,} queries, "
    caption += f"{_where(chosen)}. {_zeros(table, column)}"
    _block(made, said, caption, table, f"gradient-norms-{_file(chosen)}", chosen, texts)


def ranks(chosen: Choice, texts: Texts) -> None:
    """Norm against the negative's rank, and against s_neg - s_pos."""
    said, column = gradients_words.RANKS, chosen.column
    st.subheader(said.title, anchor=False)
    table = probe_summary.distinct(chosen.table)
    norm = table[column].to_numpy(float)
    place = table["rank"].to_numpy(float) + 1
    gap = (table["score"] - table["positive_score"]).to_numpy(float)
    by_rank = probe_summary.in_bands(place, norm, probe_summary.rank_edges(int(place.max())))
    edges = np.linspace(gap.min(), gap.max() + 1e-9 + 1e-6 * abs(gap.max()), BINS + 1)
    by_gap = probe_summary.in_bands(gap, norm, edges)
    own = probe_summary.positive_rank(table)
    marks = [(own["mean"], f"positives: mean rank {own['mean']:.1f}, median {own['median']:.0f}")]
    left, right = st.columns([7, 3], gap="medium")
    with left:
        _legend(table)
        one, two = st.columns(2)
        for where, x, bands, title, key, log_x, lines in (
            (one, place, by_rank, "Rank of the negative, 1 is best (log scale)", "rank", True, marks),
            (two, gap, by_gap, "Score of negative less positive", "difficulty", False, [(0.0, "as high as the positive")]),
        ):  # fmt: skip
            with where:
                made = gradients.against(
                    table, x, column, (title, f"{_axis(chosen)} (log scale)"), bands, texts,
                    log_x=log_x, marks=lines, key=f"{key}|{column}",
                )  # fmt: skip
                _figure(
                    made,
                    f"{said.title}: {key}",
                    "",
                    bands,
                    f"gradient-by-{key}-{_file(chosen)}",
                    texts,
                    chosen,
                )
        st.caption(
            f"Every instance once, whichever sampler drew it; {verbatim(_where(chosen))}. {_zeros(table, column)} "
            "Click a dot to read it."
        )
    with right:
        words_beside(said)


def bound(probed: Probed, chosen: Choice, texts: Texts) -> None:
    """Norm at the output against the norm over weights, and rank correlations."""
    said = gradients_words.BOUND
    st.subheader(said.title, anchor=False)
    table = probe_summary.distinct(chosen.table)
    found = probed.bound(chosen.run.name, chosen.step)
    all_of = found[(found["sampler"] == "all") & (found["layer"] == chosen.column)].iloc[0]
    made = gradients_bound.scatter(table, chosen.column, _axis(chosen), float(all_of["factor"]), texts)
    caption = (
        f"Spearman's rank correlation {words.number(all_of['rho'])} over "
        f"{words.count(int(all_of['instances']), 'instance')}, {_where(chosen)}. The dashed line is "
        f"{all_of['factor']:.3g} times the norm at the output. {_zeros(table, chosen.column)}"
    )
    numbers = table[["sampler", "query", "positive", "document", "output", *probe_summary.layers(table)]]
    _legend(table)
    _block(made, said, caption, numbers, f"gradient-bound-{_file(chosen)}", chosen, texts)
    with st.expander("Rank correlation by sampler and layer"):
        st.html(_correlations(found))
    _over_steps(probed, chosen)


def _legend(table: pd.DataFrame) -> None:
    chips = [tables.chip(name) for name in gradients.ordered(table)]
    st.html(f'<p class="ance-legend">{"".join(chips)}</p>')


def _correlations(found: pd.DataFrame) -> str:
    names = list(dict.fromkeys(found["layer"]))
    rows = []
    for sampler in ["all", *gradients.ordered(found[found["sampler"] != "all"])]:
        own = found[found["sampler"] == sampler]
        by_layer = own.set_index("layer")
        title = "<b>All, each instance once</b>" if sampler == "all" else tables.chip(sampler)
        rows.append(
            [title, str(own["instances"].iloc[0]), *(words.number(by_layer["rho"][name]) for name in names)]
        )
    headers = ["Sampler", "Instances", *(layer_title(name) for name in names)]
    return tables.grid(headers, rows, numeric=len(headers) - 1, narrow=2)


def _over_steps(probed: Probed, chosen: Choice) -> None:
    found, _ = probed.over_steps(chosen.run.name, probed.bound)
    parts = [one[one["sampler"] == "all"].assign(step=step) for step, one in found.items()]
    if len(parts) < 2:
        return
    table = pd.concat(parts, ignore_index=True)
    titles = {name: layer_title(name) for name in dict.fromkeys(table["layer"])}
    name = f"rank-correlation-{chosen.run.name}"
    caption = (
        f"Every instance once, of all samplers that were measured at that step; weights of {chosen.run.name}."
    )
    left, _ = st.columns([7, 3], gap="medium")
    with left:
        st.markdown("**Rank correlation over training**")
        made = gradients_bound.over_steps(table, titles)
        chart.show(made, f"figure:{name}", camera(name))
        st.caption(verbatim(caption))
        numbers = table[["step", "layer", "instances", "rho", "factor"]]
        blocks.downloads(
            numbers, lambda: standalone(made, "Rank correlation over training", caption, name), name
        )


def variance(source: Source, probed: Probed, chosen: Choice) -> None:
    """Variance and bias of each sampler's gradient."""
    said, name = gradients_words.VARIANCE, chosen.run.name
    st.subheader(said.title, anchor=False)
    steps = probed.variance_steps(name)
    if not steps:
        st.markdown(
            f"The variance under **{verbatim(name)}**'s weights has not been measured yet: for it, every negative of some "
            "queries is looked at."
        )
        probing.offer(source, name, list(source.run(name).checkpoints()), "probe-variance", variance=True)
        return
    step = chosen.step if chosen.step in steps else steps[-1]
    try:
        found = probed.variance(name, step)
    except StoreError as error:
        st.warning(verbatim(f"{error}."), icon=":material/broken_image:")
        return
    table = gradients_variance.rows(found)
    made = gradients_variance.bars(table)
    elsewhere = "" if step == chosen.step else f" It was not measured at step {chosen.step:,}."
    without = [row.sampler for row in table.itertuples() if not np.isfinite(row.weighted)]
    none = (
        f" Without a full bar, since weights cannot make up for negatives that are never drawn: {', '.join(without)}."
        if without
        else ""
    )
    caption = (
        f"{found['queries']:,} queries with all "
        f"{found['negatives']:,.0f} negatives each, weights of {name} after step {step:,}.{elsewhere}{none}"
    )
    _block(made, said, caption, table, f"gradient-variance-{name}-{step}", chosen, None)
    for note in found.get("notes", []):
        st.caption(f":material/info: {verbatim(note)}")


def words_beside(said: Words) -> None:
    """The words and the equation beside a figure."""
    blocks.beside(said.see, said.look)
    for line in said.equation:
        st.latex(line)
    st.caption(said.said)


def _block(
    made: go.Figure,
    said: Words,
    caption: str,
    numbers: pd.DataFrame,
    file: str,
    chosen: Choice,
    texts: Texts | None,
) -> None:
    left, right = st.columns([7, 3], gap="medium")
    with left:
        _figure(made, said.title, caption, numbers, file, texts, chosen)
    with right:
        words_beside(said)


def _figure(
    made: go.Figure,
    title: str,
    caption: str,
    numbers: pd.DataFrame,
    file: str,
    texts: Texts | None,
    chosen: Choice,
) -> None:
    """A figure, how it was drawn, its downloads, and the instance that was clicked in it."""
    key = f"figure:{file}"

    def clicked(point: dict) -> None:
        if isinstance(point.get("customdata"), list) and len(point["customdata"]) == 2:
            st.session_state["_instance"] = (key, int(point["customdata"][1]))

    with st.container(
        key=f"instances:{file}"
    ):  # its style: on a phone a tap reads below what would not fit beside
        chart.show(made, key, camera(file), on_click=clicked if texts is not None else None)
    if caption:
        st.caption(verbatim(f"{caption} Click a dot to read it." if texts is not None else caption))
    blocks.downloads(numbers, lambda: standalone(made, title, caption, file), file)
    where, index = st.session_state.get("_instance", ("", -1))
    if texts is not None and where == key and index in chosen.table.index:
        st.html(_instance(chosen.table.loc[index].to_dict(), texts))


def _instance(row: dict[str, Any], texts: Texts) -> str:
    """The texts of one instance in full."""
    cells = "".join(f"<dt>{escape(title)}</dt><dd>{escape(text)}</dd>" for title, text in parts(row, texts))
    head = f"{tables.chip(str(row['sampler']))} <small>{norms_of(row)}</small>"
    return f'<div class="ance-triple ance-instance">{head}<dl>{cells}</dl></div>'


def _axis(chosen: Choice) -> str:
    return (
        "Gradient norm of an instance"
        if chosen.column == "total"
        else f"Gradient norm, {chosen.title.lower()}"
    )


def _where(chosen: Choice) -> str:
    return f"weights of {chosen.run.name} after step {chosen.step:,}"


def _file(chosen: Choice) -> str:
    return f"{chosen.run.name}-{chosen.step}-{chosen.column.removeprefix('band/')}"


def _zeros(table: pd.DataFrame, column: str) -> str:
    zeros = int((table[column] <= 0).sum())
    return (
        f"{words.count(zeros, 'instance')} with a norm of exactly 0 cannot be drawn on this axis."
        if zeros
        else ""
    )
