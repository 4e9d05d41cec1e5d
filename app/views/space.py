"""Do the vectors keep apart, or fall together; and what stands around a query while it is trained?"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from ance_core.errors import AnceError, StoreError
from ance_core.probes.geometry import BINS, MEASURES, Geometry
from ance_core.probes.geometry.light import CONE, RANK_SHARE

from .. import chart, spaces, tables, words
from ..charts.figures import camera
from ..charts.spaces import cosines_figure, occurrence_figure, spectrum_figure
from ..frame import live
from ..source import Source, Summary
from ..verbatim import verbatim
from . import anisotropy, film
from .choices import keep_if_offered
from .page import about_runs

TONES = {"green": "good", "amber": "warn", "red": "bad", "unknown": "calm"}


@about_runs(
    "Embedding space",
    "Do the vectors keep apart, or fall together? And what stands around a query while it is trained?",
)
def page(source: Source, shown: list[Summary]) -> None:
    """The page *Embedding space*."""
    seen = [run for run in shown if _steps(source, run.name)]
    if not seen:
        st.info(
            "None of these runs has a snapshot of its vectors yet. A run takes one before its first step and then "
            "every `record.snapshot_every` steps, unless that is 0; for a new run with snapshots: "
            "`ance train --set record.snapshot_every=100`.",
            icon=":material/photo_camera:",
        )
    else:
        live(lambda: anisotropy.draw(source, seen), any(run.active for run in seen))
        _one_run(source, seen, len(shown) - len(seen))


def _steps(source: Source, name: str) -> list[int]:
    try:
        return source.run(name).snapshots()
    except StoreError:  # deleted since the folder was listed
        return []


def _one_run(source: Source, seen: Sequence[Summary], without: int) -> None:
    st.subheader("One run, step by step", anchor=False)
    names = [run.name for run in seen]
    keep_if_offered("space", names)
    with st.container(horizontal=True, vertical_alignment="bottom", key="look"):
        recipes = [run.config.get("recipe") for run in seen]
        first = recipes.index("ance") if "ance" in recipes else 0  # its negatives lie where the query is
        name = st.selectbox("Run", names, first, key="space", bind="query-params", width=340)
        method = film.choose_method()
    if without:
        st.caption(f"{words.count(without, 'run')} of those shown above without snapshots: not offered here.")
    if name:
        film.draw(source.run(name), method, lambda step: _details(source, name, step))


def _details(source: Source, name: str, step: int) -> None:
    """Light, distributions and measures of one snapshot."""
    run = source.run(name)
    try:
        found = spaces.measured(run, step)
        drawn = spaces.shapes(run, step)
    except AnceError as error:
        st.warning(f"Step {step:,} cannot be measured: {verbatim(error)}", icon=":material/warning:")
        return
    _light(found)
    shares = {of: _shares(found.spectra[of].variances) for of in ("queries", "documents")}
    figures = (
        ("Cosines", cosines_figure(drawn.cosines, BINS), "cosines",
         "Two queries, two documents, a query and a document, picked blindly. A space in good order has its hills "
         "near 0; hills far to the right are a narrow cone."),
        ("Spectrum", spectrum_figure(shares), "spectrum",
         "How much of the variance each direction holds. A flat line uses all dimensions, a cliff only a few."),
        ("Hubness", occurrence_figure(drawn.occurrence, spaces.K), "hubness",
         "How often a text is among the nearest of the other side. Points far to the right are hubs: they come up "
         "for many queries, and as hard negatives again and again."),
    )  # fmt: skip
    for column, (title, figure, key, said) in zip(st.columns(3, gap="medium"), figures, strict=True):
        with column:
            st.markdown(f"**{title}** at step {step:,}")
            chart.show(figure, f"figure:{key}", camera(f"{name}-{key}-step-{step}"))
            st.caption(said)
    with st.expander("All measures of this snapshot", icon=":material/straighten:"):
        st.html(_measures(found))


def _shares(variances: np.ndarray) -> np.ndarray:
    total = variances.sum()
    return variances / total if total > 0 else variances


def _light(found: Geometry) -> None:
    colour = found.light.colour
    word = {"green": "Spread out", "amber": "Look closer", "red": "Collapsed", "unknown": "Cannot be said"}[
        colour
    ]
    with st.container(horizontal=True, vertical_alignment="center", key="light"):
        st.html(
            f'<span class="ance-state ance-{TONES[colour]}"><i></i><b>{word}</b></span> '
            f'<span class="ance-count">{escape(found.light.reason)}</span>'
        )
        with st.popover("What the light looks at", icon=":material/traffic:"):
            st.markdown(
                f"Two signs of collapse, in queries and in documents; the worst decides.\n\n"
                f"- **Mean cosine**: amber above {CONE['amber']:g}, red above {CONE['red']:g}. All vectors then lie "
                "in a narrow cone.\n"
                f"- **Effective rank**: amber below {RANK_SHARE['amber']:.0%} of the dimensions, red below "
                f"{RANK_SHARE['red']:.0%}. The vectors then use a few directions only.\n\n"
                "A cone alone need not hurt a ranking, since what all documents share changes no order. "
                "The dev curve has the last word."
            )
    for note in found.notes:
        st.caption(f":material/info: {verbatim(note)}.")


def _measures(found: Geometry) -> str:
    values = {(r.of, r.measure): r for r in found.readings}
    rows = []
    for measure, meaning in MEASURES.items():
        cells = [values.get((of, measure)) for of in ("queries", "documents", "both")]
        if any(cells):
            said = [words.spread(r.value, r.half_width or None) if r else tables.BLANK for r in cells]
            rows.append([f"<b>{escape(meaning.title)}</b><small>{escape(meaning.says)}</small>", *said])
    return tables.grid(["Measure", "Queries", "Documents", "Both"], rows, numeric=3, narrow=1)
