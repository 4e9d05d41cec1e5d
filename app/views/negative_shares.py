"""*Negatives*: how hard they were, how deep they were drawn, how many were relevant after all."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ance_core.probes import negatives as probes

from .. import tables, words
from ..charts import negatives as figures
from ..charts.bars import Bar, panels, side_by_side
from ..charts.curves import Drawing
from ..charts.groups import Group
from ..drawn import PHASES, Drawn, Overview, gather, nice_edges
from ..source import Source
from ..texts import dataset_of
from . import blocks, reading

if TYPE_CHECKING:
    import pyarrow.compute as pc

PHASE_NAMES = ("Early", "Middle", "Late")
BAND_NAMES = [probes.band_name(band) for band in range(len(probes.BANDS) + 1)]

# What one sees in each figure, and what to look for.
DIFFICULTY = (
    "How each negative scored, less its positive, at the moment it was trained on. Left of 0 the model already "
    "ranks it below the positive; right of 0 it makes a mistake.",
    "Mass far to the left is wasted: those negatives have almost no loss and no gradient. Mass right of 0 "
    "teaches most, and is where unjudged positives hide. The late third shows what is left to learn. "
    "Click on a bar to read what is in it.",
)
RANKS = (
    "The share of each method's draws by rank in the list it drew from: BM25's, or the model's own at the last "
    "refresh. Random and in-batch negatives come from no list.",
    "A uniform draw from 200 fills wide bands more than narrow ones: 1–10 gets a twentieth. SimANS bends "
    "this towards the ranks that score like the positive.",
)
HIDDEN = (
    "Labels were withheld from training on purpose; a withheld document can be drawn as a negative, and the record "
    "says so. Each bar is the share of such false negatives among the draws from these ranks.",
    "The top of a good ranking is where relevant documents are, so that is where false negatives lie: the price "
    "of hard negatives. A method that avoids the very top should have a lower rate overall.",
)


def difficulty(source: Source, drawn: Drawn, groups: list[Group]) -> None:
    """Scores of negatives less those of their positives."""
    st.subheader("How close did the negatives come to the positive?", anchor=False)
    looks = {m.run: drawn.overview(m.run) for group in groups for m in group.averaged}
    edges = nice_edges(min(v.low for v in looks.values()), max(v.high for v in looks.values()))
    row = st.container(horizontal=True, vertical_alignment="bottom", key="controls")
    phases = _phases(row)
    counts = {
        g.label: _sum([drawn.difficulty(m.run, edges).counts[phases].sum(axis=0) for m in g.averaged])
        for g in groups
    }
    digits = max(0, -int(np.floor(np.log10(edges[1] - edges[0]) + 1e-9)))
    bins = [f"{low:.{digits}f} to {high:.{digits}f}" for low, high in itertools.pairwise(edges)]
    bins[0], bins[-1] = f"below {edges[1]:.{digits}f}", f"{edges[-2]:.{digits}f} and more"
    first = reading.fullest(counts, reading.hardest(counts))
    chosen = reading.choose(row, groups, bins, "Score less the positive's", "gap", first)
    figure = panels(
        groups, _shares(counts), edges, "Negative's score less its positive's",
        chosen, "negatives/difficulty", counts, zero="as high as the positive",
    )  # fmt: skip
    blocks.framed(
        figure, "figure:difficulty", "negative-difficulty",
        f"Draws of {_runs(groups)}, scored when they were used. The outermost bars hold all beyond.",
        _tidy(counts, bins), DIFFICULTY, on_click=reading.follow_click(bins, "gap"),
    )  # fmt: skip
    if chosen is not None:
        _read_gap(source, drawn, groups, chosen, edges, bins, phases)
    st.html(_overview_table(groups, looks))


def _read_gap(
    source: Source,
    drawn: Drawn,
    groups: Sequence[Group],
    chosen: Bar,
    edges: np.ndarray,
    bins: Sequence[str],
    phases: Sequence[int],
) -> None:
    import pyarrow.compute as pc

    gap = pc.field("score") - pc.field("positive_score")
    where = pc.field("step") > 0
    if chosen.bin > 0:
        where &= gap >= float(edges[chosen.bin])
    if chosen.bin < len(bins) - 1:
        where &= gap < float(edges[chosen.bin + 1])
    group = next(g for g in groups if g.label == chosen.group)
    where &= _phase_filter(drawn, group, phases)
    reading.read(source, drawn, group, where, f"a score of {bins[chosen.bin]} relative to the positive")


def ranks(source: Source, drawn: Drawn, groups: list[Group]) -> None:
    """Places in the ranking that negatives came from."""
    import pyarrow.compute as pc

    st.subheader("How deep in the ranking were they drawn?", anchor=False)
    row = st.container(horizontal=True, vertical_alignment="bottom", key="controls")
    phases = _phases(row)
    counts = {g.label: _sum([drawn.ranks(m.run)[phases].sum(axis=0) for m in g.averaged]) for g in groups}
    ranked = {label: count[:-1] for label, count in _shares(counts).items()}  # the last bin: from no list
    chosen = reading.choose(row, groups, BAND_NAMES, "Rank in the pool", "rank", reading.fullest(ranked))
    figure = side_by_side(
        groups, _shares(counts), BAND_NAMES, "Rank in the pool (1 is the best candidate)", "Share of draws",
        "negatives/ranks", chosen,
    )  # fmt: skip
    blocks.framed(
        figure, "figure:ranks", "negative-ranks",
        f"Draws of {_runs(groups)}. Ranks count after the judged positives were taken out.",
        _tidy(counts, BAND_NAMES), RANKS, on_click=reading.follow_click(BAND_NAMES, "rank"),
    )  # fmt: skip
    if chosen is not None:
        group = next(g for g in groups if g.label == chosen.group)
        where = _band_filter(chosen.bin) & _phase_filter(drawn, group, phases) & (pc.field("step") > 0)
        reading.read(source, drawn, group, where, f"rank {BAND_NAMES[chosen.bin]}")


def hidden(source: Source, drawn: Drawn, groups: list[Group]) -> None:
    """Drawn documents that are relevant after all."""
    import pyarrow.compute as pc

    st.subheader("How many of them were relevant after all?", anchor=False)
    looks = {m.run: drawn.overview(m.run) for group in groups for m in group.averaged}
    if missing := _nothing_hidden(source, groups, looks):
        st.info(missing, icon=":material/visibility_off:")
        return
    row = st.container(horizontal=True, vertical_alignment="bottom", key="controls")
    rates = {g.label: _added([drawn.hidden_by_band(m.run) for m in g.averaged]) for g in groups}
    first = reading.fullest({label: rate.share for label, rate in rates.items()})
    chosen = reading.choose(row, groups, BAND_NAMES, "Rank in the pool", "hidden_rank", first)
    figure = side_by_side(
        groups, {k: r.share for k, r in rates.items()}, BAND_NAMES, "Rank in the pool (1 is the best candidate)",
        "Hidden relevants among the draws", "negatives/hidden-bands", chosen,
        {k: r.interval for k, r in rates.items()}, digits=2,
    )  # fmt: skip
    blocks.framed(
        figure, "figure:hidden", "false-negatives",
        f"Draws of {_runs(groups)}; whiskers are 95 % Wilson intervals of a share, which take draws as independent.",
        _tidy_rates({k: np.stack([r.hidden, r.drawn]) for k, r in rates.items()}), HIDDEN,
        on_click=reading.follow_click(BAND_NAMES, "hidden_rank"),
    )  # fmt: skip
    if chosen is not None:
        group = next(g for g in groups if g.label == chosen.group)
        where = _band_filter(chosen.bin) & pc.field("hidden")
        reading.read(
            source, drawn, group, where, f"rank {BAND_NAMES[chosen.bin]} that were relevant after all"
        )
    st.html(_overview_table(groups, looks))
    names = [m.run for group in groups for m in group.averaged]
    look = "Does the rate rise as the model becomes better at finding the relevant? Then later training unlearns some of it."
    blocks.figure(gather(names, drawn.hidden_over_time), groups, figures.HIDDEN, Drawing(), look)


def _nothing_hidden(source: Source, groups: Sequence[Group], looks: dict[str, Overview]) -> str:
    """Why there are no false negatives to show; empty where there are some."""
    if any(look.hidden for look in looks.values()):
        return ""
    first = source.run(groups[0].members[0].run)
    if not (first.info.get("config") or {}).get("labels_per_query"):
        dataset = dataset_of(first)
        if isinstance(dataset, str) or not len(dataset.hidden):
            return (
                "No relevant document was hidden in these runs, so false negatives cannot be told from true ones. "
                "Train with --labels-per-query 1 on a dataset with several relevant documents a query, such as campus: "
                "the other labels are then withheld, and counted when they are drawn."
            )
    return f"None of the {sum(look.draws for look in looks.values()):,} draws on record was a hidden relevant document."


def _phases(row: DeltaGenerator) -> list[int]:
    """Which thirds of the training are looked at."""
    name = row.segmented_control(
        "Third of the training", ["All", *PHASE_NAMES], default="All", required=True, key="phase",
        bind="query-params",
    )  # fmt: skip
    return [PHASE_NAMES.index(name)] if name in PHASE_NAMES else list(range(PHASES))


def _phase_filter(drawn: Drawn, group: Group, phases: Sequence[int]) -> pc.Expression:
    """Steps of the chosen third, by the longest of the group's runs."""
    import pyarrow.compute as pc

    last = max(drawn.records(m.run).last for m in group.averaged)
    spans = probes.phase_steps(last, PHASES)
    return (pc.field("step") >= spans[phases[0]][0]) & (pc.field("step") <= spans[phases[-1]][1])


def _band_filter(band: int) -> pc.Expression:
    import pyarrow.compute as pc

    if band == len(probes.BANDS):
        return pc.field("rank") < 0
    first, last = probes.BANDS[band]
    where = pc.field("rank") >= first - 1
    return where if last is None else where & (pc.field("rank") < last)


def _sum(counts: Sequence[np.ndarray]) -> np.ndarray:
    return np.asarray(np.sum(counts, axis=0))


def _shares(counts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {label: count / max(count.sum(), 1) for label, count in counts.items()}


def _added(rates: Sequence[probes.Rates]) -> probes.Rates:
    return probes.Rates(_sum([r.drawn for r in rates]), _sum([r.hidden for r in rates]))


def _runs(groups: Sequence[Group]) -> str:
    return words.count(sum(len(group.averaged) for group in groups), "run")


def _tidy(counts: dict[str, np.ndarray], bins: Sequence[str]) -> pd.DataFrame:
    parts = [pd.DataFrame({"method": k, "bin": list(bins), "draws": v}) for k, v in counts.items()]
    return pd.concat(parts, ignore_index=True)


def _tidy_rates(table: dict[str, np.ndarray]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"method": k, "ranks": BAND_NAMES, "hidden": hidden, "draws": draws})
        for k, (hidden, draws) in table.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _overview_table(groups: Sequence[Group], looks: dict[str, Overview]) -> str:
    rows = []
    for group in groups:
        own = [looks[m.run] for m in group.averaged]
        draws, found = sum(v.draws for v in own), sum(v.hidden for v in own)
        low, high = probes.wilson(np.array([found]), np.array([draws]))
        rows.append(
            [
                tables.chip(group.label, group.look),
                f"{draws:,}",
                words.number(float(np.mean([v.median for v in own])), 2),
                f"{np.mean([v.above for v in own]):.1%}",
                f"{found:,}",
                f"{found / max(draws, 1):.2%} <small>{low[0]:.2%} to {high[0]:.2%}</small>",
            ]
        )
    headers = ["Method", "Draws", "Median gap", "Above the positive", "Hidden relevants", "Their share"]
    return tables.grid(headers, rows, numeric=5, narrow=1)
