"""*Negatives*, In the denominator: every term of one query's loss at one step, and what was kept out of it."""

from __future__ import annotations

import shlex
from html import escape

import streamlit as st

from ance_core.errors import AnceError, StoreError
from ance_core.experiments.explanation import Explanation, Funnel

from .. import chart, explained, prober, words
from ..charts import denominator as figures
from ..charts.figures import camera
from ..charts.groups import Group
from ..drawn import Drawn
from ..explained import Offered
from ..frame import tell, told
from ..source import Source
from ..texts import clip
from ..theme import Look
from ..verbatim import verbatim
from . import blocks, denominator_terms, probing
from .choices import keep_if_offered

SHOWN = 15  # terms, until all are asked for
FROM = {
    "pool own": "the model's own ranking",
    "pool bm25": "BM25's ranking",
    "batch": "the other passages of the batch",
    "corpus": "the corpus",
    "ranking": "the current ranking of the corpus",
}
WEIGHTS = (
    "Each bar is a term of the query's loss, and how much the loss changes with its score: how hard its document is pushed "
    "away. 1 is as hard as a term can pull; near 0 it has been learned, and might as well not be there.",
    "One long bar among many: the others cost time and teach nothing. A hatched bar pulls the model away from a document "
    "that answers the query.",
)
FUNNEL = (
    "From how many candidates the negatives of this query were left, setting by setting. Grey is what a stage took out; "
    "hatched red, the stage between ranking and draw that took out most.",
    "A filter that leaves few candidates draws the same ones again and again. One that removes nothing can be left out.",
)


def section(source: Source, drawn: Drawn, groups: list[Group]) -> None:
    """Choose a run, a query and a step; what stood in its loss then."""
    st.subheader("What stood in the loss of a query, and what was kept out?", anchor=False)
    looks = {member.run: group.look for group in groups for member in group.members}
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        name = _run(list(looks), {m.run: m.method for group in groups for m in group.members})
        run = source.run(name)
        try:
            there = explained.offered(run)
        except AnceError as error:
            st.info(verbatim(error), icon=":material/history:")
            return
        query = _query(there)
        step = _step(there, query)
        try:
            found, damage = explained.answer(run, step, there.row(query)), ""
        except StoreError as error:
            found, damage = None, str(error)
        st.button(
            "Repeat it again" if found else "Repeat that step",
            icon=":material/replay:",
            type="tertiary" if found else "primary",
            key="repeat-start",
            on_click=_start,
            args=(source, name, query, step),
            disabled=prober.busy(source.folder) is not None,
            help="The step is worked out anew from the checkpoint before it, beside the dashboard: some seconds with the "
            "encoder `static`, longer with a transformer. The run is not changed.",
        )
    told()
    probing.progress(source, prober.REPEAT)
    if damage:
        st.warning(f"{verbatim(damage)}.", icon=":material/broken_image:")
    if found is None:
        _nothing_yet(source, name, query, step, there)
    else:
        _answer(found, there, looks[name])


def _run(names: list[str], methods: dict[str, str]) -> str:
    keep_if_offered("explained", names)
    first = next((place for place, name in enumerate(names) if methods[name] == "ance"), 0)
    chosen = st.selectbox("Run", names, first, key="explained", bind="query-params", width=250)
    return chosen if chosen in names else names[first]


def _query(there: Offered) -> str:
    """The query's id, in the link too; it is chosen by its text."""
    ids = list(there.rows)
    wanted = st.session_state.get("asked") or st.query_params.get("asked")
    st.session_state["asked"] = wanted if wanted in there.rows else ids[0]
    chosen = st.selectbox(
        "Training query", ids, key="asked", width="stretch", format_func=lambda q: clip(there.text(q), 110),
        help="Those that were in a batch so far.",
    )  # fmt: skip
    if chosen != st.query_params.get("asked"):  # a bound field would put the text into the link
        st.query_params["asked"] = chosen
    return str(chosen)


def _step(there: Offered, query: str) -> int:
    uses = there.uses(query)
    keep_if_offered("use", uses)
    chosen = st.selectbox(
        "Step", uses, key="use", bind="query-params", width=120, format_func=lambda s: f"{s:,}",
        help=f"It was in the batch {'once' if len(uses) == 1 else f'{len(uses):,} times'}; the last is offered first.",
    )  # fmt: skip
    return int(chosen) if chosen in uses else uses[0]


def _start(source: Source, run: str, query: str, step: int) -> None:
    try:
        prober.repeat(source.folder, run, query, step)
    except AnceError as error:
        tell(error, "error")


def _nothing_yet(source: Source, name: str, query: str, step: int, there: Offered) -> None:
    st.html(
        '<div class="ance-triple"><dl><dt>Query</dt>'
        f"<dd>{escape(clip(there.text(query)))}</dd></dl></div>"
        '<p class="ance-lead">The records say which negatives were drawn. Repeated, the step also says what the batch '
        "offered and a mask kept out, how hard each term pulls, and how many candidates each setting left. In a "
        "terminal:</p>"
    )
    command = ["ance", "explain", name, query, "--step", str(step), "--runs", str(source.folder)]
    st.code(shlex.join(command), language="bash", wrap_lines=True)


def _answer(found: Explanation, there: Offered, look: Look) -> None:
    st.html(_heading(found, there))
    file = f"{found.run}-step-{found.step}-{found.query}"
    blocks.framed(
        figures.weights_figure(found.terms, look), "figure:weights", f"weights-{file}",
        f"{found.run}, step {found.step:,}; repeated from the checkpoint at {found.checkpoint:,}.",
        found.terms, WEIGHTS, finding=denominator_terms.finding(found),
    )  # fmt: skip
    left, right = st.columns([7, 3], gap="medium")
    with left:
        for funnel in found.funnels:
            _funnel(funnel, look, file)
    with right:
        blocks.beside(*FUNNEL)
    _table(found, there)


def _heading(found: Explanation, there: Offered) -> str:
    positives = found.terms.loc[found.terms["contrast"] == "query", ["positive", "positive_score"]]
    lines = [f"<dt>Query</dt><dd>{escape(clip(found.query_text))}</dd>"]
    for positive, score in positives.drop_duplicates().itertuples(index=False):
        said = escape(clip(_document(there, int(positive))))
        lines.append(f"<dt>Positive <i>{words.number(score, 2)}</i></dt><dd>{said}</dd>")
    tone, word = ("good", "As it was") if found.agreement.same else ("warn", "Not as it was")
    agreement = found.agreement.sentence()
    return (
        f'<div class="ance-triple"><dl>{"".join(lines)}<dt>Repetition</dt>'
        f'<dd><span class="ance-state ance-{tone}"><i></i><b>{word}</b></span> '
        f"{escape(agreement[0].upper() + agreement[1:])}.</dd></dl></div>"
    )


def _document(there: Offered, row: int) -> str:
    docs = there.dataset.docs
    return docs[row] if 0 <= row < len(docs) else f"document {row}"


def _table(found: Explanation, there: Offered) -> None:
    longest = max(len(part) for _, part in denominator_terms.parts(found))
    limit = SHOWN
    if longest > SHOWN and st.toggle(f"All {longest:,} terms", key="all-terms"):
        limit = longest
    for title, part in denominator_terms.parts(found):
        more = f", the first {limit}" if len(part) > limit else ""
        st.html(f"<b>{escape(title)}</b>{more}")
        positive = part.iloc[0]
        text = _document(there, int(positive["positive"]))
        st.html(denominator_terms.table(part, text, limit))


def _funnel(funnel: Funnel, look: Look, file: str) -> None:
    st.markdown(f"**From {verbatim(FROM.get(funnel.source, funnel.source))}**")
    source = funnel.source.replace(" ", "-")
    chart.show(
        figures.funnel_figure(funnel, look), f"figure:funnel {source}", camera(f"funnel-{source}-{file}")
    )
    st.html(f'<p class="ance-finding">{escape(funnel.sentence())}</p>')
    if funnel.note:
        st.caption(verbatim(funnel.note))
