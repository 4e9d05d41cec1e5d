"""What would another sampler draw from these very candidates?"""

from __future__ import annotations

import shlex
from html import escape

import numpy as np
import streamlit as st

from ance_core.config import FilterConfig
from ance_core.data import Dataset
from ance_core.errors import AnceError
from ance_core.probes.whatif import Expectation, Imagined, Situation, WhatIf, whatif_steps
from ance_core.runs import Run

from .. import chart, tables, words
from ..charts import whatif as figures
from ..charts.figures import camera
from ..frame import live, tell, told
from ..imagined import Started, fork_of, imagined_of, situation_of
from ..source import Source, Summary
from ..texts import clip, dataset_of
from ..theme import look
from ..verbatim import verbatim
from . import whatif_controls
from .choices import keep_if_offered
from .page import about_runs


@about_runs(
    "What-if sampler",
    "Stop a training in thought, change how it draws, and see what it would draw from the same candidates. "
    "Nothing is trained.",
)
def page(source: Source, shown: list[Summary]) -> None:
    """The page *What-if sampler*."""
    runs = [source.run(run.name) for run in shown]
    mined = {run.name: run for run in runs if whatif_steps(run)}
    if not mined:
        st.info(
            "None of these runs has ranked its training queries' candidates with its model, so there is nothing to "
            "draw from. Methods that mine their negatives do: ance train --recipe ance.",
            icon=":material/format_list_numbered:",
        )
        return
    run, step = _choose(mined)
    live(lambda: _tried(run, step), active=False)  # a slider draws this part anew, not the page


def _tried(run: Run, step: int) -> None:
    dataset = dataset_of(run)
    if isinstance(dataset, str):
        st.info(
            f"{verbatim(run.name)}: {verbatim(dataset)} Its labels are needed to tell what a draw means.",
            icon=":material/menu_book:",
        )
        return
    known = situation_of(run, step, dataset)
    left, right = st.columns([3, 7], gap="large")
    with left:
        settings = whatif_controls.draw(known, len(dataset.docs), str(run.info["config"]["recipe"]))
    found = imagined_of(known, settings)
    with right:
        _expectations(run, known, settings, found)
        _gaps(settings, found)
    _one_query(known, settings, found, dataset)
    _fork(run, step, settings)


def _choose(mined: dict[str, Run]) -> tuple[Run, int]:
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        names = list(mined)
        keep_if_offered("of", names)
        name = st.selectbox("Candidates of", names, _telling(mined), key="of", bind="query-params", width=320)
        run = mined[name] if name in mined else mined[names[0]]
        steps = whatif_steps(run)
        keep_if_offered("at", steps)
        step = steps[0]
        if len(steps) > 1:
            checkpoints = [step for step in steps if step in run.checkpoints()]
            # in the middle the model errs in a way that the samplers disagree about; a fork begins at a checkpoint
            first = (checkpoints or steps)[len(checkpoints or steps) // 2]
            step = st.select_slider("after step", steps, first, key="at", bind="query-params", width=260)
    return run, int(step)


def _telling(mined: dict[str, Run]) -> int:
    """The place of the run that shows most: SimANS, whose draw has a shape that can be moved, else ANCE, else the first."""
    recipes = [str(run.info["config"]["recipe"]) for run in mined.values()]
    return next((recipes.index(name) for name in ("simans", "ance") if name in recipes), 0)


def own_settings(run: Run, known: Situation) -> tuple[WhatIf, str]:
    """How the run itself draws from its pool, as far as it can be said here, and what to call that."""
    config, width = run.info["config"], known.pool.docs.shape[1]
    method = config.get("method") or {}
    plain = (method.get("form"), method.get("b_sign")) in (
        (None, None),
        ("gaussian", "paper"),
        ("gaussian", None),
    )
    if config["recipe"] == "simans" and plain:
        rule = method.get("a_rule") or "query"
        own = WhatIf("simans", width, method.get("a"), method.get("b") or 0.0, a_rule=rule)
        return own, "as this run draws"
    return WhatIf("ance", width), "as this run draws" if config[
        "recipe"
    ] == "ance" else "all candidates alike"


def _expectations(run: Run, known: Situation, settings: WhatIf, found: Imagined) -> None:
    own, name = own_settings(run, known)
    rows = [
        [f"<b>{label}</b>", *_row(known, one)]
        for label, one in (("What if", found), (name, imagined_of(known, own)))
    ]
    headers = ["One draw", "False negatives", "Gradient norm", "Loss", "Effective candidates"]
    st.html(tables.grid(headers, rows, numeric=4, narrow=1))
    said = [f"Means over {words.count(found.loss.queries, 'training query')}"]
    if len(known.labels) < known.queries:
        said[0] += f" (a fixed sample of {known.queries:,})"
    said[0] += "; ± is half of a 95 % interval."
    if found.sharpness is not None:
        said.append(
            f"a is {found.sharpness:.3g}{' (median, suggested for each query)' if settings.a is None else ''}."
        )
    if found.empty:
        said.append(f"The filters leave {words.count(found.empty, 'query')} no candidate.")
    if not known.hidden.any():
        said.append("No candidate is a hidden relevant, so no draw can be known to be a false negative.")
    if found.gradient is None:
        said.append(
            "No snapshot was taken at this step, or it has several vectors a document: no gradient norm is known."
        )
    if FilterConfig(**((run.info["config"].get("negatives") or {}).get("filter") or {})).given():
        said.append("This run filtered its candidates already; what it took out is not here.")
    st.caption(" ".join(said))


def _row(known: Situation, found: Imagined) -> list[str]:
    rate = found.false_negatives
    share = (
        f"{rate.mean:.2%} ± {rate.half_width:.2%}" if known.hidden.any() and rate.queries else tables.BLANK
    )
    return [share, _said(found.gradient, 3), _said(found.loss, 3), _said(found.effective, 1)]


def _said(value: Expectation | None, digits: int) -> str:
    return (
        tables.BLANK
        if value is None or not value.queries
        else words.spread(value.mean, value.half_width, digits)
    )


def _gaps(settings: WhatIf, found: Imagined) -> None:
    if not found.gap_share.sum():
        st.info("These filters leave no query a candidate: loosen them.", icon=":material/filter_alt_off:")
        return
    st.markdown("**Where the draws of all queries land**")
    chart.show(
        figures.gap_figure(found, look(settings.recipe), "what if"),
        "figure:whatif-gap",
        camera("what-if-gap"),
    )
    st.caption(
        "Right of the dotted line candidates score above the positive: most to learn from, and most false negatives. The "
        "grey line is a uniform draw from the first k candidates, unfiltered. The outermost bars hold all beyond."
    )


def _one_query(known: Situation, settings: WhatIf, found: Imagined, dataset: Dataset) -> None:
    st.subheader("One query", anchor=False)
    rows = {int(row): place for place, row in enumerate(known.labels.queries)}
    chosen = st.selectbox(
        "Training query", list(rows), key="query", bind="query-params",
        format_func=lambda row: clip(dataset.queries[row], 110),
    )  # fmt: skip
    place = rows.get(chosen, 0)
    label = int(known.labels.indptr[place])
    pool = found.candidates
    kept = pool.docs[place] >= 0
    docs, p = pool.docs[place][kept], found.probability[label][kept]
    if not len(docs):
        st.info("The filters leave this query no candidate.", icon=":material/filter_alt_off:")
        return
    gap = pool.scores[place][kept].astype(np.float64) - known.pool.label_scores[label]
    rank = found.rank[place][kept]
    hidden = known.hidden[place][rank]
    left, right = st.columns([6, 4], gap="medium")
    with left:
        texts = [clip(dataset.docs[d], 90) for d in docs]
        figure = figures.query_figure(p, rank, gap, hidden, texts, settings.depth, look(settings.recipe))
        chart.show(figure, "figure:whatif-query", camera("what-if-query"))
        st.caption("Left of the dotted line, if there is one, candidates score above the positive.")
    with right:
        st.html(_likeliest(dataset, int(known.labels.docs[label]), docs, p, rank, gap, hidden))


def _likeliest(
    dataset: Dataset,
    positive: int,
    docs: np.ndarray,
    p: np.ndarray,
    rank: np.ndarray,
    gap: np.ndarray,
    hidden: np.ndarray,
) -> str:
    """The positive, and the candidates most likely to be drawn."""
    lines = [f"<dt>Positive</dt><dd>{escape(clip(dataset.docs[positive], 150))}</dd>"]
    for i in np.argsort(-p, kind="stable")[:4]:
        flag = '<b class="ance-flag">hidden relevant</b>' if hidden[i] else ""
        lines.append(
            f"<dt>{p[i]:.1%} <i>rank {rank[i] + 1}, {gap[i]:+.1f}</i></dt>"
            f"<dd>{escape(clip(dataset.docs[int(docs[i])], 150))}{flag}</dd>"
        )
    return f'<div class="ance-triple"><dl>{"".join(lines)}</dl></div>'


def _fork(run: Run, step: int, settings: WhatIf) -> None:
    st.subheader("Train a fork with this", anchor=False)
    fork = fork_of(run, step, settings)
    if fork is None:
        st.info(
            f"{verbatim(run.name)} has no checkpoint up to step {step:,} to fork from.",
            icon=":material/call_split:",
        )
        return
    said = f"From {verbatim(run.name)} as it was after step {fork.at:,}: "
    said += "same weights, same optimizer, same order of the queries."
    if fork.at != step:
        said += f" That is the last checkpoint before step {step:,}."
    st.markdown(said)
    st.code(shlex.join(["ance", *fork.arguments()]), language="bash", wrap_lines=True)
    started: list[Started] = st.session_state.setdefault("forks", [])
    st.button(
        "Train it now", icon=":material/play_arrow:", key="train", on_click=_start, args=(fork.arguments(),),
        help="In a process of its own, on this machine. It goes on when the browser is closed.",
    )  # fmt: skip
    for failure in filter(None, (one.failure() for one in started)):
        st.error(verbatim(failure), icon=":material/error:")
    told()
    if any(one.running for one in started):
        st.caption("A fork is training; it shows on the other pages as soon as its folder is there.")


def _start(arguments: list[str]) -> None:
    try:
        st.session_state["forks"].append(Started(arguments))
        tell("The fork has been started.", "play_arrow")
    except (OSError, AnceError) as error:
        tell(f"The fork could not be started: {error}", "error")
