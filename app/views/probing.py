"""Asking for a probe from the page: what is missing, the command that makes it, a button that does, and its progress."""

from __future__ import annotations

import shlex
import time

import streamlit as st

from ance_core.errors import AnceError

from .. import prober
from ..frame import guarded, tell, told
from ..source import Source
from ..verbatim import verbatim
from ..words import duration

QUERIES = 8  # whose negatives are all enumerated for the variance
LOOK_S = 1.0
VERBS = {prober.PROBE: "Probing", prober.REPEAT: "Repeating"}


def command(source: Source, name: str, step: int | None = None, variance: bool = False) -> str:
    """The command line that makes a probe."""
    words = ["ance", "probe", name, "--runs", str(source.folder)]
    words += [] if step is None else ["--at", str(step)]
    words += ["--variance", str(QUERIES)] if variance else []
    return shlex.join(words)


def progress(source: Source, kind: str = prober.PROBE) -> None:
    """The job of a kind under way, if there is one, and what became of it; the page is drawn anew when it ends."""
    job = prober.job(source.folder, kind)
    if job is None:
        return
    if not job.running:
        if job.failed:
            st.error(verbatim(job.failed), icon=":material/error:")
        prober.stop(source.folder, kind)
        return
    st.fragment(guarded(lambda: _progress(source, kind)), run_every=LOOK_S)()


def _progress(source: Source, kind: str) -> None:
    job = prober.job(source.folder, kind)
    if job is None or not job.running:
        st.rerun()
        return
    share, doing = job.progress()
    with st.container(border=True, key=f"{kind}-job"):
        since = duration(time.monotonic() - job.began)
        st.progress(
            share,
            f"{VERBS[kind]} **{verbatim(job.run)}** at step {job.step:,}: {verbatim(doing)} · {since}",
        )
        st.button(
            "Stop",
            icon=":material/stop:",
            key=f"{kind}-stop",
            on_click=prober.stop,
            args=(source.folder, kind),
        )


def offer(source: Source, name: str, checkpoints: list[int], key: str, variance: bool = False) -> None:
    """Command and button for a probe of a run; a sentence where there is no checkpoint to probe."""
    if not checkpoints:
        st.markdown(
            f"**{verbatim(name)}** has no checkpoint, and a probe needs the weights of one. While it trains, wait for its "
            "next checkpoint; a run that was cut short before the first can be trained again with "
            "`--set record.checkpoint_every=100`."
        )
        return
    step = checkpoints[-1]
    if len(checkpoints) > 1:
        step = st.selectbox(
            "Checkpoint", checkpoints[::-1], key=f"{key}-step", format_func=lambda s: f"step {s:,}", width=200
        )
    if not variance:
        variance = st.toggle(
            "Measure the variance too", key=f"{key}-variance",
            help=f"Every negative of {QUERIES} queries is measured: exact, and it takes longer.",
        )  # fmt: skip
    st.markdown("In a terminal:")
    st.code(command(source, name, step, variance), language="bash", wrap_lines=True)
    st.button(
        "Measure it now",
        icon=":material/speed:",
        type="primary",
        key=f"{key}-start",
        on_click=_start,
        args=(source, name, step, QUERIES if variance else 0),
        disabled=prober.busy(source.folder) is not None,
        help="It runs beside the dashboard and uses one or two cores for some seconds to a few minutes.",
    )
    told()


def _start(source: Source, name: str, step: int, variance: int) -> None:
    try:
        prober.start(source.folder, name, step, variance)
    except AnceError as error:
        tell(error, "error")
