"""*Negatives*: how fresh, how varied, how well learned they were, and which errors are left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from ance_core.data import Dataset
from ance_core.probes import negatives as probes
from ance_core.probes.negatives.overlap import DEPTH

from .. import chart, tables, words
from ..charts import negatives as figures
from ..charts.curves import Drawing
from ..charts.figures import camera
from ..charts.groups import Group
from ..charts.measures import Measure
from ..drawn import Drawn, gather
from ..source import Source
from ..texts import clip, dataset_of
from ..verbatim import verbatim
from . import blocks
from .choices import keep_if_offered

NO_SNAPSHOTS = (
    "This needs snapshots of the embedding space, and these runs have too few of them. Train with "
    "--set record.snapshot_every=100 or less."
)


def freshness(source: Source, drawn: Drawn, groups: list[Group]) -> None:
    """Overlap with the model's own top, age of the ranking, change at refreshes."""
    st.subheader("Are they what the model confuses now?", anchor=False)
    look = (
        "ANCE's own claim: no more than chance for random negatives, low for BM25's, high for negatives mined with the "
        "model. A line that falls means that the model has moved on and its list has grown stale."
    )
    if _curves(groups, drawn.overlap, figures.OVERLAP, look):
        said = "The top 100 without judged positives, for at most 500 of the snapshot's queries."
        st.caption(f"{said} {_chance(source, groups)}")
    else:
        st.info(f"{figures.OVERLAP.title}: {NO_SNAPSHOTS}", icon=":material/photo_camera:")
    age = gather(_names(groups), drawn.staleness)
    if age.empty:
        st.info("No model ranked any of these negatives, so none has an age.", icon=":material/schedule:")
        return
    _title_of(figures.STALENESS)
    blocks.figure(
        age, groups, figures.STALENESS, Drawing(),
        "A sawtooth is a list that is renewed at intervals; a slope is one that never is. ANCE bets that negatives some "
        "steps old are as good as fresh ones.",
    )  # fmt: skip
    kept = source.refreshes(_names(groups))
    if len(kept) and kept["jaccard"].notna().any():
        table = kept.assign(value=kept["jaccard"], seconds=np.nan, examples=np.nan).dropna(subset=["value"])
        look = "Low at first: the model learns fast, and old negatives say little. Near 1: a refresh changes nothing."
        _title_of(figures.JACCARD)
        blocks.figure(table, groups, figures.JACCARD, Drawing(), look)


def _chance(source: Source, groups: list[Group]) -> str:
    """How much of that top a blind draw hits; empty where the size of the corpus is unknown."""
    docs = int((source.run(groups[0].members[0].run).info.get("dataset") or {}).get("docs") or 0)
    if not docs:
        return ""
    return f"Of {docs:,} documents, one drawn blindly stands there {min(1.0, DEPTH / docs):.0%} of the time."


def variety(source: Source, drawn: Drawn, groups: list[Group]) -> None:
    """Effective sample size, repeats, and which documents are drawn most."""
    st.subheader("How many different ones were there?", anchor=False)
    look = (
        "Near 1, a method trains on the same negative of a query again and again; near the depth of its pool, its weights "
        "do nothing. Sharp weights and stale pools together mean few different negatives."
    )
    _curves(groups, drawn.effective, figures.EFFECTIVE, look)
    n_docs = {m.run: int(source.run(m.run).info["dataset"]["docs"]) for g in groups for m in g.averaged}
    found = {run: drawn.variety(run, n) for run, n in n_docs.items()}
    rows = []
    for group in groups:
        own = [found[m.run] for m in group.averaged]
        mean = [
            np.mean([r.again for _, r in own]),
            np.mean([r.in_batch for _, r in own]),
            np.mean([(c > 0).mean() for c, _ in own]),
            np.mean([probes.effective_documents(c) for c, _ in own]),
            np.mean([probes.gini(c) for c, _ in own]),
        ]
        cells = [
            f"{mean[0]:.1%}",
            f"{mean[1]:.1%}",
            f"{mean[2]:.1%}",
            f"{mean[3]:,.0f}",
            words.number(float(mean[4]), 2),
        ]
        rows.append([tables.chip(group.label, group.look), *cells])
    headers = [
        "Method",
        "Drawn before for the query",
        "Shared in a batch",
        "Corpus drawn",
        "Effective documents",
        "Gini",
    ]
    st.html(tables.grid(headers, rows, numeric=5, narrow=1))
    st.caption(
        "Drawn before: share of draws whose document this query had already had. Shared: drawn for another query of the "
        "same step too. Corpus drawn: documents that came at all. Effective documents: how many, drawn equally often, "
        "would be as varied. Gini: 0 if all documents come equally often, near 1 if a few come always."
    )
    _most_drawn(source, groups, found)


def _most_drawn(
    source: Source, groups: list[Group], found: dict[str, tuple[np.ndarray, probes.Repeats]]
) -> None:
    group = _one(groups, "Most drawn documents of", "most_drawn")
    counts = np.sum([found[m.run][0] for m in group.averaged], axis=0)
    dataset = dataset_of(source.run(group.averaged[0].run))
    top = np.argsort(-counts, kind="stable")[:10]
    rows = [
        [_title(dataset, int(d)), f"{counts[d]:,}", f"{counts[d] / max(counts.sum(), 1):.2%}"]
        for d in top
        if counts[d]
    ]
    st.html(tables.grid(["Document", "Draws", "Of all"], rows, numeric=2))


def _title(dataset: Dataset | str, row: int) -> str:
    from html import escape

    if isinstance(dataset, str) or row >= len(dataset.docs):
        return f"document {row}"
    return escape(clip(dataset.docs[row], 110))


def errors(source: Source, drawn: Drawn, groups: list[Group]) -> None:
    """Total and top-K pairwise errors."""
    st.subheader("Which ranking errors are left?", anchor=False)
    look = "STAR's theory: random negatives make this one small, as every document is equally likely to be pushed away."
    if not _curves(groups, lambda run: drawn.errors(run, total=True), figures.TOTAL, look):
        st.info(NO_SNAPSHOTS, icon=":material/photo_camera:")
        return
    look = (
        "Hard negatives make this one small, as they are drawn from the top. A method can win here and lose above: "
        "then it is good for readers of ten results, and bad for recall."
    )
    _curves(groups, lambda run: drawn.errors(run, total=False), figures.TOP, look)
    st.caption(
        "For at most 500 training queries of each snapshot, with the labels they were trained towards. Ties count half."
    )


def forgetting(source: Source, drawn: Drawn, groups: list[Group]) -> None:
    """What became of the negatives that were drawn between two refreshes."""
    st.subheader("Is what was learned from them kept?", anchor=False)
    group = _one(groups, "Follow the negatives of", "follow")
    run = group.averaged[0].run
    courses = drawn.courses(run)
    if not courses:
        st.info(NO_SNAPSHOTS, icon=":material/photo_camera:")
        return
    left, right = st.columns([7, 3], gap="medium")
    with left:
        for forgotten, title in ((False, "Learned"), (True, "Forgotten again")):
            st.markdown(f"**{title}**")
            figure = figures.courses_figure(courses, group.look, forgotten=forgotten)
            chart.show(
                figure,
                f"figure:{'forgotten' if forgotten else 'learned'}",
                camera(f"negatives-{title.lower()}"),
            )
        st.caption(
            f"{run}; up to 4,000 different negatives of each group, as far as the snapshots hold their texts. "
            "The thick stretch is where a group was being trained on."
        )
        blocks.downloads(_tidy(courses), None, f"negatives-learned-{run}")
    with right:
        blocks.beside(
            "A group is what was drawn between two refreshes (between two snapshots, if nothing is refreshed). A negative "
            "is learned when it scores below the positive it was drawn against; forgotten when it was, and is not any more.",
            "A line should rise while its group is trained on, and then stay up. Lines that fall when newer groups take "
            "over are what ANCE-Tele calls catastrophic forgetting; it keeps older negatives in the pool against that.",
        )


def _tidy(courses: list[probes.Course]) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "first": c.group.first,
                "last": c.group.last,
                "step": c.steps,
                "learned": c.learned,
                "forgotten": c.forgotten,
            }
        )
        for c in courses
    ]
    return pd.concat(parts, ignore_index=True)


def _curves(groups: list[Group], table: Callable[[str], pd.DataFrame], measure: Measure, look: str) -> bool:
    """The figure of a measure; False where no run has a value of it."""
    with st.spinner("Reading …"):
        found = gather(_names(groups), table)
    if found.empty:
        return False
    _title_of(measure)
    blocks.figure(found, groups, measure, Drawing(), look)
    return True


def _title_of(measure: Measure) -> None:
    st.markdown(f"**{verbatim(measure.title)}**")


def _one(groups: list[Group], label: str, key: str) -> Group:
    labels = [group.label for group in groups]
    keep_if_offered(key, labels)
    first = labels.index("ance") if "ance" in labels else 0  # the method that all others are compared with
    chosen = st.selectbox(label, labels, first, key=key, bind="query-params", width=320)
    return groups[labels.index(chosen)] if chosen in labels else groups[0]


def _names(groups: list[Group]) -> list[str]:
    return [m.run for group in groups for m in group.members]
