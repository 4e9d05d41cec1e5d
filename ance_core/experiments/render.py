"""A comparison as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from rich.table import Table

if TYPE_CHECKING:
    from .compare import Comparison


def comparison_table(comparison: Comparison) -> Table:
    """One row a method, the chosen measure's mean first; the baseline's row is marked."""
    several = bool((comparison.methods["seeds"] > 1).any())
    what = f"{comparison.measure} on {comparison.queries} {comparison.split} queries"
    title = f"{what}, against {comparison.baseline}"
    table = Table(title=title, caption="\n".join(comparison.warnings) or None, caption_style="yellow")
    table.add_column("method")
    others = [column for column in _measures(comparison) if column != comparison.measure]
    numeric = [*(["seeds"] if several else []), comparison.measure, *others]
    for column in (*numeric, "difference [95 %]", "p", "p (Holm)", "wins/ties/losses"):
        table.add_column(column, justify="right")
    for _, row in comparison.methods.iterrows():
        table.add_row(*_cells(row, comparison, several, others))
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
