"""Figures of *In the denominator*: who pulls how hard in a query's loss, and from how many candidates they are left."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ance_core.experiments.explanation import Funnel, Stage

from ..theme import Look, tint
from .layout import axis, base, plain

BARS = 12  # terms with a bar of their own; the others share one
FEW = 8  # terms, each of which is seen against 1, as hard as a term can pull
ROW, FOOT = 30, 74  # pixels of a bar, and of the axis below
REMOVED, MOST = "#8A919C", "#D0433B"
LONGEST = 26  # characters beside a bar


class Kind(NamedTuple):
    """A kind of term: its name in the legend, and the pattern of its bar, so that colour is not the only cue."""

    name: str
    shape: str


PLAIN, HIDDEN = Kind("negative", ""), Kind("hidden relevant", "/")
JUDGED, QUERY = Kind("judged positive", "x"), Kind("query against the document", ".")


def weights_figure(terms: pd.DataFrame, drawn: Look) -> go.Figure:
    """Weights of the terms that count (see `terms_of`), the heaviest at the top."""
    counted = terms[terms["masked"] == ""].sort_values("weight", ascending=False, kind="stable")
    own, others = counted.head(BARS), counted.iloc[BARS:]
    rows = [_bar(row, place) for place, row in enumerate(own.to_dict("records"))]
    if len(others):
        total = float(others["weight"].sum())
        said = f"{len(others):,} others"
        rows.append({"y": len(own), "x": total, "kind": PLAIN, "label": said, "hover": f"{said} together"})
    figure = go.Figure()
    for kind in (PLAIN, HIDDEN, JUDGED, QUERY):
        mine = [row for row in rows if row["kind"] == kind]
        if mine:
            figure.add_bar(
                x=[row["x"] for row in mine],
                y=[row["y"] for row in mine],
                orientation="h",
                width=0.72,
                name=kind.name,
                marker={"color": tint(drawn.color, 0.72), "pattern": {"shape": kind.shape}},
                text=[f"{row['x']:.2g}" for row in mine],
                textposition="outside",
                cliponaxis=False,
                customdata=[row["hover"] for row in mine],
                hovertemplate="%{customdata}<br>weight %{x:.3g}<extra></extra>",
            )
    kinds = len({row["kind"] for row in rows})
    top = max((row["x"] for row in rows), default=0.0)
    height = ROW * max(len(rows), 2) + FOOT + (28 if kinds > 1 else 0)
    few = len(counted) <= FEW or top > 0.25  # or many share what can be pulled, and 1 is far away
    limit = 1.12 if few else top * 1.3 or 1.0
    figure.update_layout(
        **base(
            height,
            f"denominator/weights|{len(rows)}",
            axis("Weight (1 at most)", range=[0, limit], nticks=4),
            _labels([row["label"] for row in rows]),
            zoom=False,
            legend=kinds > 1,
        ),
        barmode="overlay",
    )
    return figure


def _bar(term: dict, place: int) -> dict:
    kind = JUDGED if term["judged"] else HIDDEN if term["hidden"] else PLAIN
    kind = QUERY if term["contrast"] == "document" else kind
    text = " ".join(str(term["negative_text"]).split())
    rank = f"rank {term['rank'] + 1:,}" if term["rank"] >= 0 else str(term["source"])
    hover = f"{plain(rank)}, gradient norm {term['grad_norm']:.3g}<br>{plain(_short(text, 70))}"
    return {
        "y": place,
        "x": float(term["weight"]),
        "kind": kind,
        "label": plain(_short(text)),
        "hover": hover,
    }


def funnel_figure(funnel: Funnel, drawn: Look) -> go.Figure:
    """Candidates left by each stage, and those it removed; that which removed most is marked. The axis is log(1 + n)."""
    stages = funnel.stages
    at = list(range(len(stages)))
    left = np.log10(1 + np.array([stage.left for stage in stages], float))
    before = np.log10(1 + np.array([stage.left + stage.removed for stage in stages], float))
    most = [funnel.most is not None and stage == funnel.most for stage in stages]
    hover = [f"{plain(s.name)}: {s.left:,} left, {s.removed:,} removed<br>{plain(s.setting)}" for s in stages]
    common = {
        "y": at, "orientation": "h", "width": 0.72, "customdata": hover,
        "hovertemplate": "%{customdata}<extra></extra>", "cliponaxis": False,
    }  # fmt: skip
    figure = go.Figure()
    figure.add_bar(
        x=left, name="left", marker={"color": drawn.color}, text=[f"{s.left:,}" for s in stages],
        textposition="inside", insidetextanchor="start", constraintext="none", textangle=0, **common,
    )  # fmt: skip
    figure.add_bar(
        x=before - left,
        base=left,
        name="removed",
        marker={
            "color": [tint(MOST, 0.5) if it else tint(REMOVED, 0.22) for it in most],
            "pattern": {"shape": ["/" if it else "" for it in most]},
        },
        text=[_removed(stage, it) for stage, it in zip(stages, most, strict=True)],
        textposition="outside",
        **common,
    )
    limit = float(before.max(initial=1.0)) * 1.36  # room for the words at the longest bar
    ticks = [0, *(10**power for power in range(1, int(limit) + 1))]
    named = axis("Candidates, logarithmic", range=[0, limit], tickangle=0)
    named |= {"tickvals": [np.log10(1 + n) for n in ticks], "ticktext": [f"{n:,}" for n in ticks]}
    labels = [f"{plain(stage.name)}<br><sub>{plain(_setting(stage))}</sub>" for stage in stages]
    height = (ROW + 10) * len(stages) + FOOT
    figure.update_layout(
        **base(
            height, f"denominator/{funnel.source}|{len(stages)}", named, _labels(labels), zoom=False, legend=False
        ),
        barmode="overlay",
    )  # fmt: skip
    return figure


def _removed(stage: Stage, most: bool) -> str:
    if not stage.removed:
        return ""
    return f"<b>−{stage.removed:,}</b>" if most else f"−{stage.removed:,}"


def _setting(stage: Stage) -> str:
    """The setting short enough to stand beside a bar."""
    return _short(stage.setting.replace("negatives.filter.", "").replace("negatives.", ""), 30)


def _labels(labels: list[str]) -> dict:
    """A vertical axis of rows from top to bottom with a text each."""
    return {
        "tickvals": list(range(len(labels))), "ticktext": labels, "range": [len(labels) - 0.5, -0.5],
        "showgrid": False, "ticksuffix": " ",
    }  # fmt: skip


def _short(text: str, length: int = LONGEST) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
