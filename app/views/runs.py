"""What is there, what is it doing, and in what do the runs differ?"""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from ance_core.errors import AnceError

from .. import tables, words
from ..frame import guarded, heading, live, tell, told, watch
from ..levels import levels
from ..picker import pick
from ..source import Source, Summary, open_source
from ..theme import rank
from ..verbatim import verbatim
from .page import empty, notes

PENDING_S = 15.0  # how long a request is shown as not yet answered
SORTS = {
    "Method": lambda run: 0,  # the picker's own order
    "Newest": lambda run: -run.created,
    "Dev best": lambda run: -(run.best if run.best is not None else -1.0),
    "Test": lambda run: -(run.test if run.test is not None else -1.0),
}


@guarded
def page() -> None:
    """The page *Runs*."""
    source = open_source()
    heading("Runs", "Every training in this folder: how far it is, how well it does, and what sets it apart.")
    watch(source)
    summaries = source.summaries()
    if not summaries:
        empty(source)
        return
    shown = pick(summaries)
    live(lambda: _now(source, [run.name for run in shown]), any(run.active for run in summaries))
    if len(shown) > 1:
        _differences(shown)
    _warm_ups([run for run in summaries if run.kind == "warmup"])
    notes(source)


def _now(source: Source, names: Sequence[str]) -> None:
    """The part that moves: what is training, and the table."""
    told()
    runs = {run.name: run for run in source.summaries()}
    for run in sorted(runs.values(), key=lambda run: (rank(run.method), run.seed, run.name)):
        if run.active:
            _control(source, run)
    _table(source, [runs[name] for name in names if name in runs])


def _table(source: Source, shown: Sequence[Summary]) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.html(f'<p class="ance-count">{_tally(shown)}</p>', width="content")
        sort = st.segmented_control(
            "Order", list(SORTS), default="Method", required=True, key="order", bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
    ordered = sorted(shown, key=SORTS[sort or "Method"])
    st.html(tables.runs_table(ordered, time.time(), levels(source, shown)))
    if mishaps := tables.mishaps(ordered):
        st.html(mishaps)


def _tally(shown: Sequence[Summary]) -> str:
    states = [words.state(run.state).word.lower() for run in shown]
    parts = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    return f"<b>{words.count(len(shown), 'run')}</b>" + "".join(f" · {part}" for part in parts)


def _control(source: Source, run: Summary) -> None:
    """A card for a run at work: progress, and what one may ask of it."""
    with st.container(border=True, key=f"live-{run.name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(tables.live_card(run))
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                _buttons(source, run)
        if asked := _unanswered(run):
            st.caption(f"Asked to {asked}; the run answers at its next step.")


def _unanswered(run: Summary) -> str:
    """The command last sent to the run, as long as nothing shows that it was heard."""
    command, when, state, step = st.session_state.get(f"asked:{run.name}", ("", 0.0, "", 0))
    heard = run.state != state or (command == "step" and run.step != step)
    return "" if heard or time.time() - when > PENDING_S else command


def _buttons(source: Source, run: Summary) -> None:
    def button(label: str, icon: str, command: str, value: int = 0) -> None:
        st.button(
            label, icon=f":material/{icon}:", key=f"{command}:{run.name}", on_click=_ask,
            args=(source, run, command, value),
        )  # fmt: skip

    if run.state == "paused":
        button("Resume", "play_arrow", "resume")
        many = st.number_input(
            "Steps", 1, 10_000, 1, key=f"many:{run.name}", width=110, label_visibility="collapsed"
        )
        button(f"Take {words.count(int(many), 'step')}", "skip_next", "step", int(many))
    else:
        button("Pause", "pause", "pause")
    with st.popover("Stop", icon=":material/stop:"):
        st.markdown(
            f"Stop **{verbatim(run.name)}** now? What it has recorded stays, and it can be resumed later."
        )
        button("Stop it", "stop", "stop")


def _ask(source: Source, run: Summary, command: str, value: int) -> None:
    try:
        source.control(run.name, command, value)
        st.session_state[f"asked:{run.name}"] = (command, time.time(), run.state, run.step)
    except AnceError as error:  # it ended between drawing the button and the click
        tell(error, "error")


def _differences(shown: Sequence[Summary]) -> None:
    st.subheader("What differs", anchor=False)
    found = tables.differences(shown)
    if found is None:
        st.markdown("Only method and seed: every other setting is the same in all runs shown.")
        return
    st.html(
        '<p class="ance-lead">One row a method and setting; what is the same in all runs is left out.</p>'
    )
    st.html(f'<div class="ance-scroll">{found}</div>')


def _warm_ups(warm_ups: Sequence[Summary]) -> None:
    if not warm_ups:
        return
    with st.expander(f"Shared start: {words.count(len(warm_ups), 'warm-up')}", icon=":material/flag:"):
        st.markdown(
            "A warm-up is trained once for each dataset, encoder and seed, with easy negatives. "
            "All methods compared then begin from its weights, so that a difference between them is theirs."
        )
        st.html(tables.runs_table(warm_ups, time.time()))
