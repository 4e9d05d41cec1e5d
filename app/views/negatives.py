"""Which negatives did each method train on, and were they any good?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from ance_core.errors import AnceError

from ..charts.groups import Group, by_method
from ..drawn import Drawn
from ..frame import live
from ..source import Source, Summary
from . import denominator, negative_curves, negative_shares
from .page import about_runs, listed

Section = Callable[[Source, Drawn, list[Group]], None]
SECTIONS: dict[str, Section] = {
    "Difficulty": negative_shares.difficulty,
    "Ranks": negative_shares.ranks,
    "False negatives": negative_shares.hidden,
    "Freshness": negative_curves.freshness,
    "Forgetting": negative_curves.forgetting,
    "Variety": negative_curves.variety,
    "Errors": negative_curves.errors,
    "In the denominator": denominator.section,
}


@about_runs(
    "Negatives",
    "Which documents did each method push away? Every drawn negative is on record, with its scores then.",
)
def page(source: Source, shown: list[Summary]) -> None:
    """The page *Negatives*."""
    section = st.segmented_control(
        "Question", list(SECTIONS), default="Difficulty", required=True, key="question", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    live(lambda: _body(source, shown, SECTIONS[section or "Difficulty"]), any(run.active for run in shown))


def _body(source: Source, shown: Sequence[Summary], section: Section) -> None:
    drawn = Drawn(source)
    # a step is repeated from a checkpoint, whether there are records or not
    there, said = (list(shown), []) if section is denominator.section else recorded(drawn, shown)
    if there:
        section(source, drawn, by_method([run.member for run in there]))
    else:
        st.info(
            "None of these runs has negatives on record yet. They are written while a run trains, unless "
            "`record.negatives` is switched off.",
            icon=":material/hourglass_empty:",
        )
    listed(said)


def recorded(drawn: Drawn, shown: Sequence[Summary]) -> tuple[list[Summary], list[str]]:
    """The runs that have records, and a sentence for each that has none, or not all of them."""
    there, said = [], []
    for run in shown:
        try:
            records = drawn.records(run.name)
        except AnceError as error:
            said.append(str(error))
            continue
        if records.files:
            there.append(run)
        said += gaps(run, records.last, records.unreadable)
    return there, said


def gaps(run: Summary, last: int, unreadable: Sequence[str]) -> list[str]:
    """Sentences on what is missing from a run's records, which end at step `last`; none when nothing is."""
    said = [
        f"{run.name}: {line}. The other parts are shown; resuming a run from an earlier checkpoint writes its parts anew."
        for line in unreadable
    ]
    if not run.config.get("record.negatives", True):
        said.append(f"{run.name} kept no record of its negatives: it was trained with record.negatives off.")
    elif not last and not unreadable and not run.active:
        said.append(f"{run.name} has no negatives on record: it ended before any were written.")
    elif last < run.step and not run.active and not unreadable:
        said.append(
            f"{run.name}: its records end at step {last:,}, though it reached step {run.step:,}: the rest was lost when it "
            f"ended. ance train --resume {run.name} trains those steps again, with the same negatives."
        )
    return said
