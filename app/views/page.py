"""What all pages about runs begin and end with: heading, picker, what to do while there is nothing, what is unreadable."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from html import escape

import streamlit as st

from .. import words
from ..frame import guarded, heading, watch
from ..picker import pick
from ..source import Source, Summary, open_source
from ..verbatim import verbatim

Body = Callable[[Source, list[Summary]], None]


def about_runs(title: str, lead: str) -> Callable[[Body], Callable[[], None]]:
    """Make a page of a function that draws the runs chosen; it is not called while there are none."""

    def page_of(body: Body) -> Callable[[], None]:
        @guarded
        @functools.wraps(body)
        def page() -> None:
            source = open_source()
            heading(title, lead)
            watch(source)
            summaries = source.summaries()
            if not any(run.kind != "warmup" for run in summaries):
                empty(source)
                return
            body(source, pick(summaries))
            notes(source)

        return page

    return page_of


def empty(source: Source) -> None:
    """What to do when there is no run yet. The page fills by itself."""
    with st.container(border=True, key="empty"):
        st.subheader("No runs yet", anchor=False)
        st.markdown(
            "This page fills by itself as soon as the first run begins. In a terminal, start one of these; "
            "the first trains the papers' methods side by side, the second a single one on a corpus of 24 passages:"
        )
        runs = shlex.quote(str(source.folder))
        st.code(f"ance demo --runs {runs}", language="bash", wrap_lines=True)
        st.code(f"ance train --data tiny --recipe ance --runs {runs}", language="bash", wrap_lines=True)
        st.caption(verbatim(f"Watching {source.folder}"))
    notes(source)


def notes(source: Source) -> None:
    """The folders that could not be shown, and the damaged files of those that could, one line each."""
    problems = source.problems()
    if problems:
        title = f"{words.count(len(problems), 'folder')} could not be read"
        with st.expander(title, icon=":material/folder_off:"):
            listed(problems)
    if damage := source.damage():
        title = f"{words.count(len(damage), 'file')} of the runs here {'is' if len(damage) == 1 else 'are'} damaged"
        with st.expander(title, icon=":material/broken_image:"):
            listed(damage)


def listed(lines: list[str]) -> None:
    """Sentences about what is missing, one below the other; nothing where there are none."""
    if lines:
        st.html('<ul class="ance-notes">' + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>")
