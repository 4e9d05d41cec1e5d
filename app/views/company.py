"""The texts around a query: itself, its positives, the negatives drawn for it, and its nearest documents."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from ance_core.data import Dataset
from ance_core.runs import Run

from .. import words
from ..roles import ROLES
from ..spaces import Company, Picture
from ..texts import clip
from ..verbatim import verbatim

SHOWN = 5


def beside(
    run: Run, picture: Picture, texts: Dataset | str, query: int | None, around: Company | None, step: int
) -> None:
    """The texts, or what to do to see some. texts: a sentence where the dataset cannot be read."""
    if query is None:
        st.html(
            '<div class="ance-beside"><h4>What you see</h4><p>Each point is a text; what the encoder finds alike lies '
            "close. Move the slider, or play, to see the space change while it is trained.</p>"
            "<h4>What to look for</h4><p>Choose a query, or click on a point: its positives, the negatives drawn for "
            "it and its nearest documents light up. Good training pulls the star into the circles; a red cross "
            "inside them is a hard negative, or a relevant document nobody labelled.</p></div>"
        )
        return
    if isinstance(texts, str):
        st.info(verbatim(texts), icon=":material/menu_book:")
    if around is None:
        st.info(f"This query is not in the snapshot of step {step:,}.", icon=":material/info:")
        return
    if picture.place(True, query) is None:
        st.caption(f"This query is not among the {words.count(len(picture.rows), 'text')} of the picture.")
    st.html(f'<div class="ance-company">{_lists(texts, query, around, step)}</div>')


def _lists(texts: Dataset | str, query: int, around: Company, step: int) -> str:
    near = {int(row) for row in around.nearest}
    positive = {int(row) for row in around.positives}
    drawn = {int(row) for row in around.negatives}

    def document(row: int, note: str) -> tuple[str, str]:
        text = f"document, row {row}" if isinstance(texts, str) else clip(texts.docs[row], 150)
        return text, note

    def also(row: int) -> str:
        said = [
            word for word, rows in (("a positive", positive), ("drawn as a negative", drawn)) if row in rows
        ]
        return " and ".join(said)

    own = f"query, row {query}" if isinstance(texts, str) else texts.queries[query]
    parts = [_list("chosen", [(clip(own, 240), "")], 1, "")]
    ranks = [
        f"rank {around.ranks[int(r)]}" if int(r) in around.ranks else "not in the snapshot"
        for r in around.positives
    ]
    parts.append(
        _list(
            "positive",
            [document(int(r), note) for r, note in zip(around.positives, ranks, strict=True)],
            len(positive),
            "none was trained on",
        )
    )
    parts.append(
        _list(
            "negative",
            [document(int(r), "among the nearest" if int(r) in near else "") for r in around.negatives],
            len(drawn),
            f"none up to step {step:,}",
        )
    )
    nearest = [document(int(r), also(int(r))) for r in around.nearest]
    parts.append(_list("neighbour", nearest, len(near), "none", tag="ol"))
    return "".join(parts)


def _list(role: str, items: Sequence[tuple[str, str]], total: int, nothing: str, tag: str = "ul") -> str:
    known = ROLES[role]
    head = known.word if role == "chosen" else known.plural.removeprefix("its ").capitalize()
    more = f" <small>{SHOWN} of {total}</small>" if total > SHOWN else ""
    lines = "".join(
        f"<li>{escape(text)}{f' <small>{escape(note)}</small>' if note else ''}</li>"
        for text, note in items[:SHOWN]
    )
    body = f"<{tag}>{lines}</{tag}>" if items else f"<p>{escape(nothing)}</p>"
    return f'<h4><i style="color:{known.color}">{known.glyph}</i> {escape(head)}{more}</h4>{body}'
