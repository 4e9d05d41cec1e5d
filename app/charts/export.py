"""What people take away: the numbers drawn, the figure as a page, the table of final metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ance_core.data.split_names import in_order
from ance_core.experiments.statistics import half_width

from .curves import Drawing
from .ends import Level
from .figures import standalone
from .groups import Group
from .measures import Measure

Lazy = Callable[[], str]


def csv(table: pd.DataFrame) -> str:
    """A table as CSV, numbers in full."""
    return table.to_csv(index=False)


def page(figure: go.Figure, measure: Measure, said: str, file: str) -> str:
    """A figure as one self-contained HTML page."""
    return standalone(figure, measure.title, said, file)


def filename(measure: Measure, drawing: Drawing) -> str:
    """A file name without ending that says what is in it: `dev-RR-10-by-step`."""
    return re.sub(r"[^A-Za-z0-9]+", "-", measure.scalar).strip("-") + f"-by-{drawing.x}"


def final_table(
    groups: Sequence[Group], results: Mapping[str, Mapping[str, Mapping[str, float]]]
) -> pd.DataFrame:
    """Final metrics, a row for each group, split and measure: method, runs, mean, half_width.

    `results`: by run and split; only runs that have some are counted. One run alone has a half_width of NaN.
    """
    rows = []
    splits = in_order(split for measured in results.values() for split in measured)
    for group in groups:
        own = [results[m.run] for m in group.members if results.get(m.run)]
        for split in splits:
            for name in dict.fromkeys(key for result in own for key in result.get(split, {})):
                values = np.array([r[split][name] for r in own if name in r.get(split, {})], float)
                half = float(half_width(values)) if len(values) > 1 else float("nan")
                rows.append((group.label, split, name, len(values), float(values.mean()), half))
    return pd.DataFrame(rows, columns=["method", "split", "measure", "runs", "mean", "half_width"])


def reference_rows(references: Sequence[Level]) -> pd.DataFrame:
    """The references of whole splits in the columns of `final_table`; no run of their own, no half_width."""
    rows = [
        (level.label, split, measure, 0, value, float("nan"))
        for level in references
        for (split, measure), value in level.whole.items()
    ]
    return pd.DataFrame(rows, columns=["method", "split", "measure", "runs", "mean", "half_width"])
