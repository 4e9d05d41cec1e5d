"""What every page shares: the style sheet, its heading, and the promise that nobody sees a traceback."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import ParamSpec

import streamlit as st

from ance_core.errors import AnceError

from .chart import preload
from .source import Source
from .verbatim import verbatim

logger = logging.getLogger(__name__)
P = ParamSpec("P")

STYLE = Path(__file__).with_name("assets") / "style.css"
LIVE_S = 1.5  # between two looks at a run that is training
WATCH_S = 2.0  # between two looks at which runs, or probes, there are


def guarded(body: Callable[P, None]) -> Callable[P, None]:
    """`body`, with errors shown as one sentence: an AnceError's own; for others, where to find the rest."""

    @functools.wraps(body)
    def shown(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            body(*args, **kwargs)
        except AnceError as error:
            st.error(verbatim(error), icon=":material/error:")
        except Exception as error:
            logger.exception("a page could not be drawn")
            st.error(
                f"This part of the page could not be drawn ({type(error).__name__}). "
                "The whole message is in the terminal where the dashboard was started; reloading the page "
                "may help.",
                icon=":material/error:",
            )

    return shown


def heading(title: str, lead: str) -> None:
    """The page's title and, in one or two sentences, the question it answers."""
    st.html(STYLE)
    preload()
    st.title(title, anchor=False)
    st.html(f'<p class="ance-lead">{lead}</p>')


def watch(source: Source) -> None:
    """Lay the page out anew, by itself, whenever a run appears, disappears or changes its state."""
    rerun_when("_layout", source.fingerprint)


def rerun_when(key: str, version: Callable[[], Hashable]) -> None:
    """Draw the page anew, by itself, when `version()` is another than now. key: of its own in the session."""
    st.session_state[key] = version()

    @st.fragment(run_every=WATCH_S)
    @guarded
    def look() -> None:
        if version() != st.session_state.get(key):
            st.rerun()

    look()


def tell(text: object, icon: str) -> None:
    """Keep a message for `told`. A callback must not draw it: that replaces the first elements of the page."""
    st.session_state["_told"] = str(text), icon


def told() -> None:
    """Show the message that a callback left, once."""
    if message := st.session_state.pop("_told", None):
        text, icon = message
        st.toast(verbatim(text), icon=f":material/{icon}:")


def live(body: Callable[[], None], active: bool) -> None:
    """Run `body` as a fragment, every LIVE_S seconds while `active`."""
    st.fragment(guarded(body), run_every=LIVE_S if active else None)()
