"""Figures of an embedding space: points, cosines, spectrum, how often a text is a neighbour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go

from ..roles import ROLES
from ..theme import tint
from .layout import axis, base

HEIGHT, SMALL = 560, 300
LEAST = 1e-5  # of the largest share: below that, half precision has left nothing but rounding


@dataclass(frozen=True)
class Lit:
    """Places of the points that light up, by role: query, positive, negative, neighbour."""

    places: Mapping[str, Sequence[int]] = field(default_factory=dict)


def projection_figure(
    xy: np.ndarray,
    frame: int,
    is_query: np.ndarray,
    rows: np.ndarray,
    names: Sequence[str],
    axes: tuple[str, str],
    lit: Lit,
    look: str,
) -> go.Figure:
    """Points (n, 2) of one frame of `xy` (F, n, 2), drawn with WebGL; axes span all frames, so that nothing jumps.

    names: (n,) what hovering shows. look: changes whenever the zoom should be forgotten.
    """
    figure = go.Figure()
    now = xy[frame]
    custom = np.stack([is_query.astype(int), rows], axis=1)
    dimmed = any(len(places) for places in lit.places.values())
    for role, mask in (("document", ~is_query), ("query", is_query)):
        _add_points(figure, now, np.flatnonzero(mask), role, custom, names, dimmed)
    for role in ("neighbour", "negative", "positive", "chosen"):
        places = np.asarray(lit.places.get(role, []), int)
        if len(places):
            _add_points(figure, now, places, role, custom, names, False)
    figure.update_layout(
        **base(HEIGHT, f"projection|{look}", _plane(xy[:, :, 0], axes[0]), _plane(xy[:, :, 1], axes[1])),
    )
    figure.update_layout(dragmode="pan", hoverlabel={"namelength": 0})
    return figure


def _add_points(
    figure: go.Figure,
    xy: np.ndarray,
    places: np.ndarray,
    role: str,
    custom: np.ndarray,
    names: Sequence[str],
    dimmed: bool,
) -> None:
    known = ROLES[role]
    small = role in ("query", "document")
    marker = {
        "color": tint(known.color, (0.28 if dimmed else 0.55) if small else 1.0),
        "symbol": known.marker,
        "size": 5 if small else known.size,
    }
    if small:
        _add_sample(figure, role)
    else:
        marker["line"] = {"width": 1.5 if known.marker.endswith("-open") else 0.8, "color": known.edge}
    figure.add_scattergl(
        x=np.round(xy[places, 0], 4).astype(np.float32),
        y=np.round(xy[places, 1], 4).astype(np.float32),
        mode="markers",
        marker=marker,
        customdata=custom[places].tolist(),  # plain, so that a click can hand it back
        text=[names[place] for place in places],
        hovertemplate=f"<b>{known.word}</b><br>%{{text}}<extra></extra>",
        name=known.plural,
        legendgroup=role,
        showlegend=not small,
    )


def _add_sample(figure: go.Figure, role: str) -> None:
    """An entry of the legend, of a size and strength that can be seen there."""
    known = ROLES[role]
    figure.add_scatter(
        x=[None],
        y=[None],
        mode="markers",
        marker={"color": known.color, "symbol": known.marker, "size": 9},
        name=known.plural,
        legendgroup=role,
        hoverinfo="skip",
    )


def _plane(values: np.ndarray, title: str) -> dict:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = 0.04 * (high - low) or 1.0
    return axis(title, range=[low - room, high + room], showticklabels=False, showgrid=False)


def cosines_figure(densities: Mapping[str, np.ndarray], bins: np.ndarray) -> go.Figure:
    """Densities over the bins' edges, one line a kind of pair."""
    figure = go.Figure()
    middle = (bins[1:] + bins[:-1]) / 2
    for kind, density in densities.items():
        known = ROLES[KIND_ROLES[kind]]
        figure.add_scatter(
            x=middle,
            y=density,
            mode="lines",
            line={"shape": "hvh", "width": 2, "color": known.color, "dash": known.dash},
            name=kind,
            hovertemplate=f"{kind}<br>cosine %{{x:.2f}}, density %{{y:.2f}}<extra></extra>",
        )
    across = axis("Cosine of two vectors", range=[-1, 1], showgrid=False)
    figure.update_layout(**base(SMALL, "cosines", across, axis("Density")))
    return figure


KIND_ROLES = {"queries": "query", "documents": "document", "queries and documents": "chosen"}


def spectrum_figure(shares: Mapping[str, np.ndarray]) -> go.Figure:
    """Shares of the variance by principal component, on a logarithmic axis; what is next to nothing is not drawn."""
    figure = go.Figure()
    for kind, values in shares.items():
        known = ROLES[KIND_ROLES[kind]]
        positive = np.where(values > LEAST * values.max(initial=0.0), values, np.nan)
        figure.add_scatter(
            x=np.arange(1, len(values) + 1),
            y=positive,
            mode="lines",
            line={"width": 2, "color": known.color, "dash": known.dash},
            name=kind,
            hovertemplate=f"{kind}<br>component %{{x}}: %{{y:.2%}} of the variance<extra></extra>",
        )
    up = axis("Share of variance", type="log", tickformat="~%", dtick=1)
    figure.update_layout(**base(SMALL, "spectrum", axis("Principal component", showgrid=False), up))
    return figure


def occurrence_figure(counts: Mapping[str, np.ndarray], k: int) -> go.Figure:
    """How many texts are among the k nearest of so many others; the counts from 0 on, on a logarithmic axis."""
    figure = go.Figure()
    for side, values in counts.items():
        known = ROLES[KIND_ROLES[side]]
        texts = np.bincount(values)
        there = np.flatnonzero(texts)
        figure.add_scatter(
            x=there,
            y=texts[there],
            mode="markers",
            marker={"color": known.color, "size": 6, "symbol": known.marker},
            name=side,
            hovertemplate=f"%{{y:,}} {side}<br>each among the {k} nearest of %{{x}}<extra></extra>",
        )
    across = axis(f"Times among the {k} nearest", showgrid=False)
    up = axis("Texts", type="log", tickformat="~s", dtick=1)
    figure.update_layout(**base(SMALL, "hubness", across, up))
    return figure
