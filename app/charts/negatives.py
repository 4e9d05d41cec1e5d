"""The words of the figures on the page *Negatives*, and its figure of learned and forgotten groups."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from ance_core.probes.negatives import Course

from ..theme import Look, tint
from .layout import axis, base
from .measures import Measure

HIDDEN = Measure(
    "negatives/hidden",
    "False negatives over training",
    "Share of draws that are hidden relevants",
    "Each point is the share of false negatives in one twentieth of the training: documents that a judge had marked as "
    "relevant, and whose mark was withheld from training, yet were trained against.",
    digits=4,
)
OVERLAP = Measure(
    "negatives/overlap",
    "Overlap with the model's own top 100",
    "Share of drawn negatives in the top 100",
    "At each snapshot: of the negatives trained on since the snapshot before, the share that the present model ranks "
    "among its hundred best. Those are the documents it confuses with the right ones at test time.",
)
STALENESS = Measure(
    "negatives/staleness",
    "Age of the ranking",
    "Updates since the ranking was made",
    "How many updates lie between the weights that ranked a negative and those that train on it, on average in each step. "
    "Negatives that no model ranked, such as random ones, have no age.",
    digits=1,
)
JACCARD = Measure(
    "negatives/jaccard",
    "Negatives kept at a refresh",
    "Jaccard overlap of the pools",
    "At each refresh: candidates that are in a query's pool before and after, of all that are in either; the mean over "
    "queries. 1 means that nothing changed.",
)
EFFECTIVE = Measure(
    "negatives/effective",
    "Candidates a draw really chooses from",
    "Effective sample size (candidates)",
    "How many equally likely candidates would be as varied as the method's own, unequal ones: 1 / mean stated probability "
    "of what was drawn. A uniform draw from 200 has 200.",
    digits=1,
)
TOTAL = Measure(
    "negatives/errors-total",
    "All pairwise errors",
    "Irrelevant documents above a positive",
    "At each snapshot: how many irrelevant documents stand above a training query's positive, on average. A few hopeless "
    "queries can make up most of it.",
    digits=1,
)
TOP = Measure(
    "negatives/errors-top",
    "Top-10 pairwise errors",
    "The same, counted to 10 at most",
    "The same count, but a query adds at most ten: what matters to somebody who reads ten results.",
    digits=2,
)


def courses_figure(
    courses: Sequence[Course], drawn: Look, *, forgotten: bool, height: int = 330
) -> go.Figure:
    """One line a group of negatives, older groups fainter: the share learned, or forgotten, at each snapshot.

    The thick stretch of a line is where the group was being trained on.
    """
    figure = go.Figure()
    for place, course in enumerate(courses):
        shade = 0.35 + 0.65 * (place + 1) / len(courses)
        values = course.forgotten if forgotten else course.learned
        label = f"steps {course.group.first}–{course.group.last}"
        common = {"x": course.steps, "y": values, "legendgroup": label, "name": label}
        figure.add_scatter(
            **common,
            mode="lines+markers",
            line={
                "width": 1.8,
                "color": tint(drawn.color, shade),
                "dash": ("solid", "dot", "dash", "dashdot")[place % 4],
            },
            marker={"size": 6, "color": tint(drawn.color, shade)},
            hovertemplate=f"<b>drawn in {label}</b>  %{{y:.1%}}<br>snapshot at step %{{x:,.0f}}<extra></extra>",
        )
        during = (course.steps >= course.group.first - 1) & (course.steps <= course.group.last)
        if during.sum() > 1:
            figure.add_scatter(
                x=course.steps[during], y=values[during], mode="lines", legendgroup=label, showlegend=False,
                hoverinfo="skip", line={"width": 6, "color": tint(drawn.color, shade)}, name=label,
            )  # fmt: skip
    said, limits = ("Share forgotten", "tozero") if forgotten else ("Share learned", "normal")
    across = axis("Training step", showgrid=False, rangemode="tozero")
    figure.update_layout(
        **base(height, f"negatives/{said}", across, axis(said, tickformat="~%", rangemode=limits))
    )
    return figure
