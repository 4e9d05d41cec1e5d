"""The choice of runs, the same on every page and kept in the link.

Nothing chosen means all runs of the dataset, so that a run which has just begun shows up by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from . import words
from .source import Summary
from .theme import rank


def by_results(runs: Sequence[Summary]) -> list[str]:
    """The datasets, that with most finished runs first, of equals the newest: what there is most to see of."""
    finished = Counter(run.dataset for run in runs if run.state == "finished")
    return sorted(dict.fromkeys(run.dataset for run in runs), key=lambda name: -finished[name])


def pick(summaries: Sequence[Summary]) -> list[Summary]:
    """Draw the picker; the chosen runs, by method and seed.

    Warm-ups are not offered: they are nobody's result.
    """
    runs = [run for run in summaries if run.kind != "warmup"]
    datasets = by_results(runs)
    with st.container(horizontal=True, vertical_alignment="bottom", key="picker"):
        if len(datasets) > 1:
            dataset = st.selectbox(
                "Dataset",
                datasets,
                key="data",
                bind="query-params",
                width=220,
                help="Scores on different datasets cannot be compared.",
            )
            runs = [run for run in runs if run.dataset == dataset]
        runs.sort(key=lambda run: (rank(run.method), run.seed, run.name))
        chosen = st.multiselect(
            "Runs shown",
            [run.name for run in runs],
            key="runs",
            bind="query-params",
            placeholder=f"All {words.count(len(runs), 'run')}" if len(runs) != 1 else "The one run there is",
            help="Choose some to see only those; clear the field for all. The link keeps the choice.",
        )
    return [run for run in runs if run.name in chosen] if chosen else runs
