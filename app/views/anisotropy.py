"""Anisotropy over training: queries and documents side by side, between random vectors and the collapse zone."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from ance_core.errors import AnceError
from ance_core.probes.geometry.light import CONE, RANK_SHARE
from ance_core.probes.geometry.run import SIDES

from .. import chart, spaces, tables, words
from ..charts import captions, export, measures
from ..charts.anisotropy import Ends, anisotropy_figure, ends
from ..charts.curves import Drawing, curves
from ..charts.figures import camera
from ..charts.groups import Group, by_method
from ..source import Source, Summary
from ..verbatim import verbatim
from . import blocks

MEASURES = {"Mean cosine": "mean_cosine", "Effective rank": "effective_rank"}
LOOK = (
    "A line that runs into the shaded zone: that space has closed, and its ranking has nothing left to tell texts apart by. "
    "Lines beside the dotted one use their space as evenly as vectors drawn at random. Among those, DANCE was made to "
    "spread the queries: choose them alone under Runs shown to see them from near."
)


def draw(source: Source, seen: Sequence[Summary]) -> None:
    """The figure: a panel for queries and one for documents, the words below."""
    st.subheader("Anisotropy over training", anchor=False)
    chosen = st.segmented_control(
        "Measure", list(MEASURES), default="Mean cosine", required=True, key="cone", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    name = MEASURES[chosen or "Mean cosine"]
    table, sizes, problems = _read(source, seen, name)
    groups = by_method([run.member for run in seen])
    scales = {of: _scale(name, {each[of] for each in sizes}) for of in SIDES}
    for column, of in zip(st.columns(2, gap="medium"), SIDES, strict=True):
        with column:
            _panel(table[table["of"] == of], groups, measures.anisotropy(name, of), of, scales[of])
    drawn = set(table["run"])
    chips = [tables.chip(g.label, g.look) for g in groups if drawn & {member.run for member in g.members}]
    st.html(f'<p class="ance-legend">{"".join(chips)}</p>')
    st.caption(verbatim(_caption(groups, table, name, sizes, scales)))
    blocks.beside(measures.anisotropy(name, "queries").see, LOOK)
    for problem in problems:
        st.caption(f":material/info: {verbatim(problem)}")


def _read(
    source: Source, seen: Sequence[Summary], name: str
) -> tuple[pd.DataFrame, list[dict[str, tuple[int, int]]], list[str]]:
    """Of all runs that can be read, the measure and the sizes of their snapshots; a sentence for each that cannot."""
    found, sizes, problems = [], [], []
    for run in seen:
        try:
            opened = source.run(run.name)
            found.append(spaces.followed(opened, name))
            sizes.append(spaces.sizes(opened))
        except AnceError as error:
            problems.append(str(error))
    columns = ["run", "of", "step", "value", "seconds", "examples"]
    table = pd.concat(found) if found else pd.DataFrame(columns=columns)
    return table[table["value"].notna()], sizes, problems


def _scale(name: str, sizes: set[tuple[int, int]]) -> Ends | None:
    """The ends of the scale; None where the runs' vectors differ in number or dimensions, and so in their ends."""
    return ends(name, *next(iter(sizes))) if len(sizes) == 1 else None


def _panel(
    table: pd.DataFrame, groups: list[Group], measure: measures.Measure, of: str, scale: Ends | None
) -> None:
    st.markdown(f"**{measure.title}**")
    drawing = Drawing()
    drawn = curves(table, groups, drawing)
    if drawn.empty:
        blocks.nothing_yet(measure)
        return
    made = anisotropy_figure(drawn, groups, measure, scale)
    file = export.filename(measure, drawing)
    chart.show(made, f"figure:{measure.scalar}", camera(file))
    said = captions.caption(groups, measure, drawing)
    blocks.downloads(drawn, lambda: export.page(_named(made), measure, said, file), file)


def _named(made: go.Figure) -> go.Figure:
    """The figure with a legend inside: away from the page it has no chips below it."""
    return go.Figure(made).update_layout(showlegend=True)


def _caption(
    groups: list[Group],
    table: pd.DataFrame,
    name: str,
    sizes: list[dict[str, tuple[int, int]]],
    scales: dict[str, Ends | None],
) -> str:
    """What lines, zone and dotted line are, and which runs have ended in the zone."""
    said = [captions.caption(groups, measures.anisotropy(name, "queries"), Drawing())]
    said.append(_zone(name))
    if all(scales.values()):
        (queries, dims), (documents, _) = (sizes[0][of] for of in SIDES)
        said.append(
            f"Dotted: as many random vectors, {queries:,} queries and {documents:,} documents of {dims} dimensions."
        )
    elif sizes:
        said.append(
            "The runs' vectors differ in number or dimensions, which moves both ends of the scale: no zone drawn."
        )
    digits = measures.anisotropy(name, "queries").digits
    return " ".join([*said, _ended(table, scales, digits)]).strip()


def _zone(name: str) -> str:
    if name == "mean_cosine":
        return (
            f"Collapse zone: mean cosine above {CONE['red']:g}, where the collapse light is red and a training that "
            f"crosses it logs the event collapse; it is drawn once a line has passed {CONE['amber']:g}."
        )
    return f"Collapse zone: effective rank below {RANK_SHARE['red']:.0%} of the dimensions, where the collapse light is red."


def _ended(table: pd.DataFrame, scales: dict[str, Ends | None], digits: int) -> str:
    """The runs whose last snapshot lies in the zone, by side."""
    last = table.sort_values("step", kind="stable").groupby(["run", "of"], sort=False).tail(1)
    found: dict[str, list[str]] = {}
    for row in last.itertuples():
        scale = scales[str(row.of)]
        if scale is not None and scale.inside(float(row.value)):
            found.setdefault(str(row.run), []).append(f"{row.of} {row.value:.{digits}f}")
    if not found:
        return "No run shown ends in it."
    ended = [f"{run} ({', '.join(sides)})" for run, sides in found.items()]
    return f"In it at the end: {words.listing(ended)}."
