"""The space in two dimensions, step by step: a slider, play, and a query whose company lights up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from ance_core.data import Dataset
from ance_core.errors import AnceError
from ance_core.probes.projection import umap_refusal, umap_request, umap_state
from ance_core.probes.projection.aligned_umap import NEIGHBOURS
from ance_core.probes.projection.stored import POINTS
from ance_core.runs import Run

from .. import chart, processes, spaces, words
from ..charts.figures import camera, plain
from ..charts.spaces import Lit, projection_figure
from ..frame import guarded, tell, told
from ..spaces import Company, Picture
from ..texts import clip, dataset_of
from ..verbatim import verbatim
from . import company

PLAY_S, POLL_S = 1.2, 1.0
NOBODY = "–"


def choose_method() -> str:
    """PCA | UMAP."""
    method = st.segmented_control(
        "Picture",
        ["PCA", "UMAP"],
        default="PCA",
        required=True,
        key="picture",
        bind="query-params",
        help="PCA shows the two directions of most variance and is there at once. UMAP keeps neighbours "
        "together as far as it can, and takes about a minute.",
    )
    return method or "PCA"


def draw(run: Run, method: str, details: Callable[[int], None]) -> None:
    """The film of a run and, below it, `details` of the step it stands at."""
    picture = _picture(run, method)
    if picture is not None:
        playing = bool(st.session_state.get("playing")) and len(picture.steps) > 1
        st.fragment(guarded(lambda: _frame(run, picture, details)), run_every=PLAY_S if playing else None)()


def _picture(run: Run, method: str) -> Picture | None:
    """The picture to show; where there is none yet, it is said why and how to get it."""
    if method == "PCA":
        try:
            return spaces.picture_pca(run)
        except AnceError as error:
            st.warning(verbatim(error), icon=":material/warning:")
            return None
    state = umap_state(run)
    if state.state == "running":
        st.fragment(guarded(lambda: _waiting(run)), run_every=POLL_S)()
        return None
    if state.state == "done":
        picture = spaces.picture_umap(run)
        newer = [step for step in run.snapshots() if step > picture.steps[-1]]
        if newer:
            _offer(
                run,
                f"This UMAP ends at step {picture.steps[-1]:,}; there are newer snapshots.",
                "Compute it anew",
            )
        return picture
    if state.state == "failed":
        st.warning(verbatim(state.message), icon=":material/warning:")
    if reason := umap_refusal(run):
        st.info(verbatim(f"{reason}."), icon=":material/scatter_plot:")
        return None
    _offer(
        run,
        f"UMAP lays out {POINTS:,} texts so that each stays near its {NEIGHBOURS} nearest, all snapshots in one fit. "
        "It is computed once, in the background, and kept with the run.",
        "Compute UMAP",
    )
    return None


def _offer(run: Run, why: str, label: str) -> None:
    st.info(why, icon=":material/scatter_plot:")
    if st.button(label, icon=":material/play_arrow:", key="umap"):
        try:
            processes.start(f"the UMAP of {run.name}", ["umap", str(run.folder)], lambda: umap_request(run))
        except AnceError as error:
            st.warning(verbatim(error), icon=":material/warning:")
            return
        st.rerun()


def _waiting(run: Run) -> None:
    state = umap_state(run)
    if state.state != "running":
        st.rerun()
    said = "getting ready" if state.share == 0 else f"{state.share:.0%}"
    st.progress(state.share, text=f"UMAP of {verbatim(run.name)} is being computed in the background: {said}")


def _frame(run: Run, picture: Picture, details: Callable[[int], None]) -> None:
    step = _step(picture)
    texts = dataset_of(run)
    query = _query(run, texts)
    around = spaces.company(run, step, query) if query is not None else None
    left, right = st.columns([7, 4], gap="medium")
    with left:
        _show(run, picture, step, query, around, texts)
    with right:
        company.beside(run, picture, texts, query, around, step)
    details(step)


def _step(picture: Picture) -> int:
    """The slider and the button that plays; the step they stand at."""
    steps = picture.steps
    if len(steps) == 1:
        st.caption(f"There is one snapshot, at step {steps[0]:,}. The film begins with the second.")
        return steps[0]
    if st.session_state.get("step") not in steps:
        linked = st.query_params.get("step")
        st.session_state["step"] = int(linked) if linked in map(str, steps) else steps[-1]
    if st.session_state.get("playing"):
        _advance(steps)
    with st.container(horizontal=True, vertical_alignment="bottom", key="film"):
        playing = bool(st.session_state.get("playing"))
        st.button(
            "Pause" if playing else "Play",
            icon=":material/pause:" if playing else ":material/play_arrow:",
            key="play",
            on_click=_toggle,
            args=(steps,),
        )
        step = st.select_slider("Step", steps, key="step", bind="query-params")
    if st.session_state.pop("_turned", False):
        st.rerun()  # the fragment's own clock is set by the page
    return int(step)


def _toggle(steps: Sequence[int]) -> None:
    playing = not st.session_state.get("playing")
    st.session_state["playing"] = playing
    st.session_state["_turned"] = True
    st.session_state["_held"] = True  # the frame the film begins with is shown as long as any other
    if playing and st.session_state.get("step") == steps[-1]:
        st.session_state["step"] = steps[0]


def _advance(steps: Sequence[int]) -> None:
    if st.session_state.pop("_turned", False):
        st.rerun()
    if st.session_state.pop("_held", False):
        return
    place = steps.index(st.session_state["step"])
    if place + 1 < len(steps):
        st.session_state["step"] = steps[place + 1]
    if place + 2 >= len(steps):
        st.session_state["playing"] = False
        st.session_state["_turned"] = True


def _query(run: Run, texts: Dataset | str) -> int | None:
    """The query that is looked at, by its row; None for none. The link keeps it."""
    options = [NOBODY, *map(str, spaces.query_rows(run))]
    wanted = st.session_state.pop("_clicked", None) or st.session_state.get("query")
    wanted = wanted or st.query_params.get("query") or str(spaces.most_told(run) or NOBODY)
    st.session_state["query"] = wanted if wanted in options else NOBODY

    def name(option: str) -> str:
        if option == NOBODY:
            return "none: click a point, or choose here"
        return f"query {option}" if isinstance(texts, str) else clip(texts.queries[int(option)], 90)

    chosen = st.selectbox("Query", options, format_func=name, key="query") or NOBODY
    if chosen != st.query_params.get("query"):  # a bound field would put the text into the link
        st.query_params["query"] = chosen
    return None if chosen == NOBODY else int(chosen)


def _show(
    run: Run, picture: Picture, step: int, query: int | None, around: Company | None, texts: Dataset | str
) -> None:
    figure = projection_figure(
        picture.xy,
        picture.steps.index(step),
        picture.is_query,
        picture.rows,
        _names(picture, texts),
        _axes(picture),
        _lit(picture, query, around),
        f"{run.name}|{picture.method}",
    )
    chart.show(figure, "figure:projection", camera(f"{run.name}-{picture.method}-step-{step}"), _follow(run))
    told()
    st.caption(_caption(picture))


def _names(picture: Picture, texts: Dataset | str) -> list[str]:
    if isinstance(texts, str):
        return [f"row {row}" for row in picture.rows]
    sides = ((texts.queries if q else texts.docs) for q in picture.is_query)
    return [plain(clip(side[row], 70)) for side, row in zip(sides, picture.rows, strict=True)]


def _axes(picture: Picture) -> tuple[str, str]:
    if picture.shares is None:
        return "UMAP 1", "UMAP 2"
    first, second = picture.shares
    return f"PC 1 ({first:.0%} of the variance)", f"PC 2 ({second:.0%})"


def _lit(picture: Picture, query: int | None, around: Company | None) -> Lit:
    if query is None or around is None:
        return Lit()

    def places(rows: Sequence[int]) -> list[int]:
        found = (picture.place(False, int(row)) for row in rows)
        return [place for place in found if place is not None]

    chosen = picture.place(True, query)
    return Lit(
        {
            "chosen": [] if chosen is None else [chosen],
            "positive": places(around.positives),
            "negative": places(around.negatives),
            "neighbour": places(around.nearest),
        }
    )


def _follow(run: Run) -> Callable[[dict], None]:
    """A click on a query chooses it; on a document, a query that it is a positive of."""

    def clicked(point: dict) -> None:
        is_query, row = point["customdata"]
        query = int(row) if is_query else spaces.query_of(run, int(row))
        if query is None:
            tell("No query of the snapshots was trained towards this document.", "info")
        else:
            st.session_state["_clicked"] = str(query)

    return clicked


def _caption(picture: Picture) -> str:
    said = [f"{words.count(len(picture.rows), 'text')}, the same in every frame."]
    if picture.shares is not None:
        said.append("One PCA over all snapshots, so a point that moves has moved.")
        if picture.shares.sum() < 0.2:
            said.append(
                f"These two directions hold {picture.shares.sum():.0%} of the variance: points that lie together "
                "here can be far apart."
            )
    else:
        said.append("All snapshots in one aligned UMAP; only who is near whom means something, not how far.")
    if picture.skipped:
        said.append(
            f"Left out, as their vectors are not finite: step {', '.join(map(str, picture.skipped))}."
        )
    return " ".join(said)
