"""A comparison as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ..tables import Column, FittedTable

if TYPE_CHECKING:
    from .compare import Comparison


def comparison_table(comparison: Comparison) -> FittedTable:
    """One row a method, the chosen measure's mean first; the baseline's row is marked.

    Where room is short the other measures go first, then counts and the uncorrected p.
    """
    several = bool((comparison.methods["seeds"] > 1).any())
    others = [column for column in _measures(comparison) if column != comparison.measure]
    columns = [
        Column("method"),
        *([Column("seeds", right=True)] if several else []),
        Column(comparison.measure, right=True),
        *(Column(name, right=True, spare=3) for name in others),
        Column("difference [95 %]", right=True),
        Column("p", right=True, spare=1),
        Column("p (Holm)", right=True),
        Column("wins/ties/losses", right=True, spare=2),
    ]
    what = f"{comparison.measure} on {comparison.queries} {comparison.split} queries"
    title = f"{what}, against {comparison.baseline}"
    table = FittedTable(columns, title, comparison.warnings)
    for _, row in comparison.methods.iterrows():
        table.add(*_cells(row, comparison, several, others))
    return table


def _cells(row: pd.Series, comparison: Comparison, several: bool, others: list[str]) -> list[str]:
    cells = [str(row["method"]), *([str(row["seeds"])] if several else [])]
    cells += [f"{row[column]:.4f}" for column in (comparison.measure, *others)]
    if pd.isna(row["p"]):
        mark = "baseline" if row["method"] == comparison.baseline else ""
        return [*cells, mark, "", "", ""]
    return [
        *cells,
        f"{row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}]",
        f"{row['p']:.4f}",
        f"{row['p_holm']:.4f}",
        f"{row['wins']:.0f}/{row['ties']:.0f}/{row['losses']:.0f}",
    ]


def _measures(comparison: Comparison) -> list[str]:
    columns = [str(column) for column in comparison.methods]
    return columns[columns.index("seeds") + 1 : columns.index("difference")]
