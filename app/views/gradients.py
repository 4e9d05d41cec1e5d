"""What do the negatives of each sampler teach, measured instance by instance under the same weights?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import streamlit as st

from ance_core.errors import StoreError
from ance_core.experiments import probe_summary

from ..charts.gradients import layer_title
from ..charts.gradients_points import Texts
from ..frame import rerun_when
from ..probed import Probed
from ..source import Source, Summary
from ..texts import dataset_of
from ..verbatim import verbatim
from . import gradient_figures, gradients_over_training, probing, weights_moved
from .page import about_runs


class Choice(NamedTuple):
    """What the page shows: a run's probe at a step, and the layers whose norm is drawn."""

    run: Summary
    step: int
    table: pd.DataFrame
    column: str
    title: str


@about_runs(
    "Gradients",
    "Which negatives still move the encoder? Exact gradient norms, one query, positive and negative at a time.",
)
def page(source: Source, shown: list[Summary]) -> None:
    """The page *Gradients*."""
    probed = Probed(source)
    rerun_when("_probes", lambda: probed.version([run.name for run in shown]))
    probing.progress(source)
    _body(source, probed, shown)


def _body(source: Source, probed: Probed, shown: Sequence[Summary]) -> None:
    measured = [run for run in shown if probed.steps(run.name)]
    if not measured:
        _nothing_yet(source, shown)
        gradients_over_training.draw(source, probed, None, shown)
        weights_moved.draw(source, shown)
        return
    chosen = _choose(source, probed, measured)
    if chosen is not None:
        texts = _texts(source, chosen.run.name)
        gradient_figures.norms(probed, chosen, texts)
    gradients_over_training.draw(source, probed, chosen and chosen.run, shown)
    weights_moved.draw(source, shown)
    if chosen is not None:
        gradient_figures.ranks(chosen, texts)
        gradient_figures.bound(probed, chosen, texts)
        gradient_figures.variance(source, probed, chosen)


def _nothing_yet(source: Source, shown: Sequence[Summary]) -> None:
    with st.container(border=True, key="empty"):
        st.subheader("No probe yet", anchor=False)
        st.markdown(
            "A probe takes the weights of a checkpoint, lets every sampler draw a negative for the same queries, and "
            "measures the exact gradient of each. It changes nothing in the run."
        )
        names = [run.name for run in shown]
        able = [name for name in names if source.run(name).checkpoints()]
        name = (able or names)[0]
        if len(able) > 1:
            name = st.selectbox("Run", able, key="probe-first", width=320)
        probing.offer(source, name, list(source.run(name).checkpoints()), "probe-first")
        st.caption("To measure while a run trains, add `--probe-every 50` to `ance train`.")


def _choose(source: Source, probed: Probed, measured: Sequence[Summary]) -> Choice | None:
    """The controls; None, and a sentence, where the file chosen cannot be read."""
    by_name = {run.name: run for run in measured}
    st.empty()  # where the offer of a first probe stood: its widgets would linger in the row below for a while
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        name = st.selectbox(
            "Weights of", list(by_name), index=_richest(probed, list(by_name)), key="probe", bind="query-params", width=260,
            help="Of the runs shown, those that have a probe. All samplers are measured under this run's weights.",
        )  # fmt: skip
        steps = probed.steps(name)
        step = st.selectbox(
            "At step", steps, index=len(steps) - 1, key="at", bind="query-params", width=130,
            format_func=lambda s: f"{s:,}",
        )  # fmt: skip
        try:
            table = probed.table(name, step)
        except StoreError as error:
            table = None
            damage = str(error)
        layer = _layer(table) if table is not None else "total"
        with st.popover("Measure another", icon=":material/speed:"):
            probing.offer(source, name, list(source.run(name).checkpoints()), "probe-more")
    if table is None:
        st.warning(verbatim(f"{damage}."), icon=":material/broken_image:")
        return None
    return Choice(by_name[name], step, table, layer, layer_title(layer))


def _richest(probed: Probed, names: list[str]) -> int:
    """The place of the run whose last probe compares the most samplers."""
    found = []
    for name in names:
        try:
            found.append(len(probed.means(name, probed.steps(name)[-1])))
        except StoreError:
            found.append(0)
    return found.index(max(found))


def _layer(table: pd.DataFrame) -> str:
    """A column of norms."""
    titles = {layer_title(column): column for column in probe_summary.layers(table)}
    chosen = st.selectbox(
        "Norm over", list(titles), key="layer", bind="query-params", width=190,
        help="All weights, or those of some layers only.",
    )  # fmt: skip
    return titles.get(chosen or "", "total")


def _texts(source: Source, name: str) -> Texts:
    found = dataset_of(source.run(name))
    if isinstance(found, str):
        st.caption(f"Dots show rows instead of texts. {verbatim(found)}")
        return Texts()
    return Texts(found.queries, found.docs)
