"""Reading the negatives behind a bar: query, positive and negative as texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ance_core.data import Dataset
from ance_core.samplers import SOURCES

from .. import tables, words
from ..charts.bars import Bar
from ..charts.groups import Group
from ..drawn import Drawn
from ..source import Source
from ..texts import clip, dataset_of
from ..verbatim import verbatim
from .choices import keep_if_offered

if TYPE_CHECKING:
    import pyarrow.compute as pc

SHOWN = 6
COLUMNS = (
    "step", "query", "positive", "document", "source", "rank", "score", "positive_score", "loss", "hidden",
)  # fmt: skip
NOBODY = "–"


def choose(
    row: DeltaGenerator, groups: Sequence[Group], bins: Sequence[str], noun: str, key: str, first: Bar | None
) -> Bar | None:
    """In `row`, the two fields that say which bar is read; a click on a bar fills them, and the link keeps them.

    first: the bar that is read until somebody chooses.
    """
    labels = [NOBODY, *(group.label for group in groups)]
    keep_if_offered("read", labels)
    keep_if_offered(key, bins)
    hint = "Or click on a bar."
    at, bar = (labels.index(first.group), first.bin) if first else (0, 0)
    method = row.selectbox(
        "Read the negatives of", labels, at, key="read", bind="query-params", width=200, help=hint
    )
    nobody = method is None or method == NOBODY  # the second field is there all the same: a click fills it
    place = row.selectbox(noun, list(bins), bar, key=key, bind="query-params", width=200, disabled=nobody)
    if method is None or nobody or place not in bins:
        return None
    return Bar(method, list(bins).index(place))


def fullest(values: Mapping[str, np.ndarray], group: str | None = None) -> Bar | None:
    """The highest bar, of one group or of all; None where all are empty. values: heights by group."""
    tops = {label: float(np.nan_to_num(v).max(initial=0.0)) for label, v in values.items()}
    chosen = group if group in tops else max(tops, key=lambda label: tops[label], default=None)
    if chosen is None or not tops[chosen]:
        return None
    return Bar(chosen, int(np.nan_to_num(values[chosen]).argmax()))


def hardest(counts: Mapping[str, np.ndarray]) -> str | None:
    """ANCE, whose draws are hard and its space whole; else the group whose draws lie furthest to the right.

    counts: draws in ascending bins, by group.
    """
    if "ance" in counts:
        return "ance"
    means = {label: float((c * np.arange(len(c))).sum() / c.sum()) for label, c in counts.items() if c.sum()}
    return max(means, key=lambda label: means[label], default=None)


def follow_click(bins: Sequence[str], key: str) -> Callable[[dict[str, Any]], None]:
    """A handler for `chart.show`: the clicked bar becomes the one that is read."""

    def clicked(point: dict[str, Any]) -> None:
        st.session_state["read"] = point["trace"]
        st.session_state[key] = bins[int(point["customdata"][0])]

    return clicked


def read(source: Source, drawn: Drawn, group: Group, where: pc.Expression, what: str) -> None:
    """Some of the negatives of a group's runs that match, with their texts. what: the bar in words."""
    found = {m.run: drawn.records(m.run).read(COLUMNS, where) for m in group.averaged}
    total = sum(len(columns["step"]) for columns in found.values())
    st.markdown(f"**{words.count(total, 'draw')}** of {verbatim(group.label)} with {verbatim(what)}.")
    if not total:
        return
    again = st.session_state.get("others", 0)
    chosen = _some(found, again)
    datasets = {name: dataset_of(source.run(name)) for name in {name for name, _ in chosen}}
    for reason in sorted({told for told in datasets.values() if isinstance(told, str)}):
        st.warning(verbatim(reason), icon=":material/menu_book:")
    st.html("".join(_card(found[name], row, datasets[name], name) for name, row in chosen))
    if total > SHOWN:
        st.button("Show others", icon=":material/shuffle:", key="shuffle", on_click=_others)


def _others() -> None:
    st.session_state["others"] = st.session_state.get("others", 0) + 1


def _some(found: Mapping[str, Mapping[str, np.ndarray]], seed: int) -> list[tuple[str, int]]:
    """At most SHOWN (run, row), drawn evenly from all, in order of their steps."""
    names = list(found)
    ends = np.cumsum([len(found[name]["step"]) for name in names])
    picked = np.sort(np.random.default_rng(seed).permutation(ends[-1])[:SHOWN])
    run = np.searchsorted(ends, picked, side="right")
    rows = [(names[r], int(p - (ends[r - 1] if r else 0))) for r, p in zip(run, picked, strict=True)]
    return sorted(rows, key=lambda item: found[item[0]]["step"][item[1]])


def _card(columns: Mapping[str, np.ndarray], row: int, dataset: Dataset | str, run: str) -> str:
    value = {name: columns[name][row] for name in COLUMNS}
    code = int(value["source"])
    facts = [f"{run}, step {value['step']:,}", SOURCES[code] if code >= 0 else "other source"]
    if value["rank"] >= 0:
        facts.append(f"rank {value['rank'] + 1:,}")
    if np.isfinite(value["loss"]):
        facts.append(f"loss {value['loss']:.3f}")
    hidden = ' <b class="ance-flag">hidden relevant</b>' if value["hidden"] else ""
    return (
        '<div class="ance-triple">'
        f"<small>{' · '.join(map(escape, facts))}{hidden}</small>"
        f"<dl><dt>Query</dt><dd>{_query(dataset, int(value['query']))}</dd>"
        f"<dt>Positive <i>{words.number(value['positive_score'], 2)}</i></dt>"
        f"<dd>{_document(dataset, int(value['positive']))}</dd>"
        f"<dt>Negative <i>{words.number(value['score'], 2)}</i></dt>"
        f"<dd>{_document(dataset, int(value['document']))}</dd></dl></div>"
    )


def _query(dataset: Dataset | str, row: int) -> str:
    if isinstance(dataset, str) or not 0 <= row < len(dataset.queries):
        return f"query {row}"
    return escape(dataset.queries[row])


def _document(dataset: Dataset | str, row: int) -> str:
    if row < 0:
        return tables.BLANK
    if isinstance(dataset, str) or row >= len(dataset.docs):
        return f"document {row}"
    return escape(clip(dataset.docs[row]))
