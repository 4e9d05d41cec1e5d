"""Mean cosine and effective rank over training, with both ends of the scale: a collapse, and random vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ance_core.probes.geometry.light import CONE, least_rank
from ance_core.probes.geometry.reference import random_reference

from ..theme import tint
from .figures import curves_figure
from .groups import Group
from .measures import Measure

HEIGHT = 330
ZONE = "#CF3D0B"  # of the zone; words over it are in the page's own colour
REFERENCE = "#7d8794"


@dataclass(frozen=True)
class Ends:
    """The ends of one side's scale. limit: where the collapse zone begins; random: what random vectors have.

    above: whether the zone lies above the limit. least: a value that a line must have passed towards the zone for it
    to be drawn; where all lines are far from it, it would press them flat.
    """

    limit: float
    random: float
    above: bool
    least: float

    def inside(self, value: float) -> bool:
        """Whether a value lies in the collapse zone."""
        return value > self.limit if self.above else value < self.limit

    def near(self, values: np.ndarray) -> bool:
        """Whether some of `values` have come so close to the zone that it should be seen."""
        return bool((values > self.least).any() if self.above else (values < self.least).any())


def ends(measure: str, n: int, dims: int) -> Ends:
    """Of "mean_cosine" or "effective_rank", for `n` vectors of `dims` dimensions; limits are the collapse light's."""
    random = random_reference(n, dims)
    if measure == "mean_cosine":
        return Ends(CONE["red"], random.mean_cosine, True, CONE["amber"])
    return Ends(least_rank(dims, "red"), random.effective_rank, False, np.inf)


def anisotropy_figure(
    drawn: pd.DataFrame, groups: Sequence[Group], measure: Measure, scale: Ends | None
) -> go.Figure:
    """`drawn` as `curves` returns it, of one side; without `scale` (vectors of several sizes) the curves alone."""
    figure = curves_figure(drawn, groups, measure, "step", height=HEIGHT, legend=False)
    if scale is None:
        return figure
    values = drawn["value"].to_numpy(float)
    values = values[np.isfinite(values)]
    top = max([*values, scale.random])
    if scale.near(values):
        _zone(figure, scale, 1.0 if scale.above else 0.0)
        figure.update_yaxes(range=[-0.09, 1.04] if scale.above else [0.0, 1.12 * top])
    _random(figure, scale, measure.digits, below=scale.above)
    return figure


def _zone(figure: go.Figure, scale: Ends, end: float) -> None:
    low, high = sorted((scale.limit, end))
    figure.add_hrect(low, high, fillcolor=tint(ZONE, 0.16), line_width=0, layer="below")
    figure.add_hline(scale.limit, line={"color": ZONE, "width": 1, "dash": "dash"}, layer="below")
    said = f"collapse zone: {'above' if scale.above else 'below'} {scale.limit:.3g}"
    # outside the zone, where its lines are not, and at the end, where a run that was cut short has none
    _words(figure, said, scale.limit, "top" if scale.above else "bottom", right=True)


def _random(figure: go.Figure, scale: Ends, digits: int, below: bool) -> None:
    figure.add_hline(scale.random, line={"color": REFERENCE, "width": 1.2, "dash": "dot"}, layer="below")
    value = f"{scale.random:.{digits}f}".replace("-0.000", "0.000")
    _words(figure, f"random vectors: {value}", scale.random, "top" if below else "bottom")


def _words(figure: go.Figure, said: str, y: float, anchor: str, right: bool = False) -> None:
    figure.add_annotation(
        text=said, x=int(right), xref="x domain", xanchor="right" if right else "left", xshift=-4 if right else 4,
        y=y, yref="y", yanchor=anchor, showarrow=False, font={"size": 12},
    )  # fmt: skip
