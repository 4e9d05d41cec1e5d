"""The first figure of *Convergence*: quality on a split's queries, its intervals, and who ends above whom."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from ance_core.data.split_names import in_order
from ance_core.experiments.ends import compare_ends
from ance_core.experiments.ends_words import ends_sentence

from .. import words
from ..charts import captions, export, intervals, measures
from ..charts.curves import curves
from ..charts.ends import Interval, Level, evaluation_figure
from ..charts.groups import Group, by_method
from ..charts.measures import Measure
from ..source import Source, Summary
from ..verbatim import verbatim
from . import blocks, controls

LOOK = (
    "Where a line starts is the shared start of all methods. Look for how high it ends, and for lines that rise and then "
    "fall: too hard or stale negatives can undo what was learned. A line that ends below the start, or below BM25, has "
    "gained nothing by its training."
)
TICKS = " Ticks on a line are refreshes of its negatives; hover over one."


def draw(
    source: Source,
    shown: Sequence[Summary],
    groups: list[Group],
    view: controls.View,
    marks: pd.DataFrame,
    references: Sequence[Level],
) -> None:
    """The heading, what can be chosen, the figure with its words."""
    splits = in_order(split for run in shown for split in run.watched)
    heading = st.empty()  # it names the queries that are chosen below it
    with st.container(horizontal=True, vertical_alignment="center", key="evaluation"):
        name, interval = controls.evaluation(), controls.interval()
        split = controls.watched(splits)
    heading.subheader(f"Quality on the {verbatim(split)} queries", anchor=False)
    measure = measures.evaluation(name, split)
    watching = [run for run in shown if split in run.watched]
    _figure(source, watching, groups, view, marks, references, measure, interval)
    without = [run.name for run in shown if split not in run.watched]
    if without:
        named = words.listing(without) if len(without) <= 3 else words.count(len(without), "run")
        st.caption(verbatim(f"Not evaluated on {split} queries while training: {named}."))


def _figure(
    source: Source,
    shown: Sequence[Summary],
    groups: list[Group],
    view: controls.View,
    marks: pd.DataFrame,
    references: Sequence[Level],
    measure: Measure,
    interval: Interval,
) -> None:
    split, _, name = measure.scalar.rpartition("/")
    names = [run.name for run in shown]
    drawing = view.drawing(smooth=False, band="none")
    drawn = curves(source.curve(names, measure.scalar), groups, drawing)
    if drawn.empty:
        blocks.nothing_yet(measure)
        return
    found = source.per_query(names, split, name)
    present = [group for group in groups if group.label in set(drawn["group"])]
    drawn = intervals.with_intervals(drawn, present, found)
    levels = [level for level in references if (split, name) in level.sample]
    at = {(level.reference, level.label): level.sample[split, name] for level in levels}
    made = evaluation_figure(drawn, groups, measure, drawing.x, interval, at, marks)
    arms, step = intervals.arms(
        by_method([run.member for run in shown]), found, frozenset(run.name for run in shown if run.active)
    )
    ends = compare_ends(arms)
    queries = max((len(run.queries) for run in found.values()), default=0)
    without = intervals.without_interval(present, found)
    said = [
        captions.caption(groups, measure, drawing),
        captions.intervals(present, interval, without, queries, ends.tests),
        captions.references(levels),
    ]
    words_below = " ".join(filter(None, said))
    file = export.filename(measure, drawing)
    blocks.framed(
        made, f"figure:{measure.scalar}", file, words_below, drawn, (measure.see, LOOK + (TICKS if len(marks) else "")),
        page=lambda: export.page(made, measure, words_below, file), finding=ends_sentence(ends, step),
    )  # fmt: skip
