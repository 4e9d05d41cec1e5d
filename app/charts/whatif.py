"""Figures of *What-if sampler*: where draws would land by score, and what one query's candidates would get."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ance_core.probes.whatif import Imagined

from ..theme import Look, tint
from .layout import axis, base, plain

GREY, HIDDEN = "#8a919c", "#2b7bd6"  # blue: no method that can be tried here has it


def gap_figure(found: Imagined, drawn: Look, label: str) -> go.Figure:
    """Shares of the imagined draws by score less the positive's, over those of a uniform draw."""
    middle, width = (found.edges[1:] + found.edges[:-1]) / 2, found.edges[1] - found.edges[0]
    hover = "%{y:.1%} of the draws<br>around %{x:.2f}<extra></extra>"
    figure = go.Figure()
    figure.add_bar(
        x=middle, y=found.gap_share, width=width * 0.94, marker={"color": tint(drawn.color, 0.7)}, name=label,
        hovertemplate=f"<b>{plain(label)}</b>  {hover}",
    )  # fmt: skip
    figure.add_scatter(
        x=middle, y=found.pool_share, mode="lines", line={"color": GREY, "width": 1.6, "shape": "hvh", "dash": "dot"},
        name="all candidates alike", hovertemplate=f"<b>all candidates alike</b>  {hover}",
    )  # fmt: skip
    figure.add_vline(x=0, line={"width": 1, "dash": "dot"})
    limits = [float(found.edges[0]), float(found.edges[-1])]
    figure.update_layout(
        **base(
            300,
            "whatif/gap",
            axis("Candidate's score less the positive's", showgrid=False, range=limits),
            axis("Share of draws", tickformat="~%", rangemode="tozero"),
            zoom=False,
        )
    )
    return figure


def query_figure(
    probability: np.ndarray,
    rank: np.ndarray,
    gap: np.ndarray,
    hidden: np.ndarray,
    texts: Sequence[str],
    depth: int,
    drawn: Look,
) -> go.Figure:
    """One query's candidates by rank: how probable each draw is. (c,) arrays of the candidates kept; ranks from 0."""
    figure = go.Figure()
    for own, name, color in ((~hidden, "candidate", drawn.color), (hidden, "hidden relevant", HIDDEN)):
        if not own.any():
            continue
        figure.add_bar(
            x=rank[own] + 1,
            y=probability[own],
            marker={"color": tint(color, 0.85 if color == HIDDEN else 0.62)},
            name=name,
            customdata=np.stack([gap[own], np.array([plain(t) for t in texts], object)[own]], axis=1),
            hovertemplate="rank %{x}, drawn with %{y:.2%}<br>score %{customdata[0]:+.2f} from the positive<br>"
            "%{customdata[1]}<extra></extra>",
        )
    above = int((gap > 0).sum())
    if above and len(rank):
        figure.add_vline(x=float(rank[gap > 0].max()) + 1.5, line={"width": 1, "dash": "dot"})
    figure.update_layout(
        **base(
            280,
            "whatif/query",
            axis("Rank of the candidate", showgrid=False, range=[0.4, depth + 0.6]),
            axis("Probability of a draw", tickformat="~%", rangemode="tozero"),
            zoom=False,
        ),
        bargap=0.08,
        barmode="overlay",
    )
    return figure
