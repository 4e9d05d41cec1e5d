"""A comparison for the terminal: its table, what can be said and on what ground, and what each arm was given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Group
from rich.text import Text

from ..tables import Column, FittedTable
from .statistics.verdicts import FALSE_ALARMS, LEVEL

if TYPE_CHECKING:
    from .compare import Comparison

BLANK = "–"


def comparison_page(comparison: Comparison) -> Group:
    """The methods; family, correction and what would decide the undecided; the arms; the warnings."""
    return Group(
        methods_table(comparison),
        *(Text(line) for line in statements(comparison)),
        Text(),
        arms_table(comparison),
        *(Text(line, style="yellow") for line in comparison.warnings),
    )


def methods_table(comparison: Comparison) -> FittedTable:
    """One row a method, the chosen measure's mean first; the baseline's row is marked.

    Where room is short the other measures go first, then counts and the uncorrected p. The heading of the interval says
    what it speaks of; where that is not the same for all, the cells do.
    """
    several = bool((comparison.methods["seeds"] > 1).any())
    others = [column for column in _measures(comparison) if column != comparison.measure]
    scopes = _scopes(comparison)
    columns = [
        Column("method"),
        *([Column("seeds", right=True)] if several else []),
        Column(comparison.measure, right=True),
        *(Column(name, right=True, spare=3) for name in others),
        Column(f"difference [95 %{_one_scope(scopes)}]", right=True),
        Column("p", right=True, spare=1),
        Column("p (Holm)", right=True),
        Column("verdict"),
        Column("wins/ties/losses", right=True, spare=2),
    ]
    what = f"{comparison.measure} on {comparison.queries} {comparison.split} queries"
    table = FittedTable(columns, f"{what}, against {comparison.baseline}")
    for _, row in comparison.methods.iterrows():
        table.add(*_cells(row, comparison, several, others, len(scopes) > 1))
    return table


def statements(comparison: Comparison) -> list[str]:
    """Sentences under the table: the family and its correction, the undecided, and what few seeds are worth."""
    return [*_family(comparison), *_undecided(comparison), *_few_seeds(comparison)]


def arms_table(comparison: Comparison) -> FittedTable:
    """What each arm was given: two that differ here differ in more than their sampler."""
    columns = (
        *(Column("method"), Column("negatives a query", right=True), Column("loss")),
        *(Column("queries seen", right=True), Column("preset")),
    )
    table = FittedTable(columns, "What each method is given")
    for _, row in comparison.arms.iterrows():
        if pd.isna(row["negatives"]):
            given = (BLANK, BLANK, BLANK)
        else:
            shared = ", in-batch" if row["in_batch"] else ""
            given = (f"{row['negatives']:,}", f"{row['loss']}{shared}", f"{row['queries_seen']:,}")
        table.add(str(row["method"]), *given, BLANK if pd.isna(row["preset"]) else str(row["preset"]))
    return table


def _family(comparison: Comparison) -> list[str]:
    count, smallest = comparison.family, comparison.smallest
    if not count:
        return []
    size = "1 comparison" if count == 1 else f"{count} comparisons"
    basis = "paired by query and seed" if "seeds and queries" in _scopes(comparison) else "paired by query"
    said = f"Family of {size} with {comparison.baseline}, {basis}, Holm-corrected at {100 * LEVEL:g} %."
    if smallest is not None:
        said += (
            f" Smallest effect of interest {smallest:g}: higher and lower are beyond it, and p (Holm) is of a difference "
            "within it; equivalent has its 90 % interval within it."
        )
    elif (comparison.methods["verdict"] == "undecided").any():
        said += " No smallest effect of interest is named (--smallest), so nothing is called equivalent."
    if scope := _one_scope(_scopes(comparison)):
        said += f" Intervals and verdicts:{scope.removeprefix(',')}."
    return [said]


def _undecided(comparison: Comparison) -> list[str]:
    rows = comparison.methods[comparison.methods["verdict"] == "undecided"]
    remedies: dict[str, list[str]] = {}
    for _, row in rows.iterrows():
        remedies.setdefault(str(row["remedy"]), []).append(str(row["method"]))
    lines = [f"Undecided, {', '.join(names)}: {remedy}." for remedy, names in remedies.items()]
    if rows["seeds_needed"].notna().any():
        lines.append(
            "Seeds that would decide: with a chance of 80 %, were the true difference the observed one."
        )
    return lines


def _few_seeds(comparison: Comparison) -> list[str]:
    few = sorted({int(n) for n in comparison.methods["seeds_compared"].dropna()} & set(FALSE_ALARMS))
    return [
        f"With {n} seeds p below .05 comes up in up to {100 * FALSE_ALARMS[n]:.0f} % of comparisons of equals "
        "(docs/statistics.md); from five seeds on it is near 5 %."
        for n in few
    ]


def _cells(
    row: pd.Series, comparison: Comparison, several: bool, others: Sequence[str], mixed: bool
) -> list[str]:
    cells = [str(row["method"]), *([str(row["seeds"])] if several else [])]
    cells += [f"{row[column]:.4f}" for column in (comparison.measure, *others)]
    if pd.isna(row["verdict"]):
        mark = "baseline" if row["method"] == comparison.baseline else ""
        return [*cells, mark, "", "", "", ""]
    scope = f" {row['scope']}" if mixed else ""
    return [
        *cells,
        f"{row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}]{scope}",
        _p(row["p"]),
        _p(row["p_holm"]),
        str(row["verdict"]),
        f"{row['wins']:.0f}/{row['ties']:.0f}/{row['losses']:.0f}",
    ]


def _p(value: float) -> str:
    return BLANK if pd.isna(value) else f"{value:.4f}"


def _scopes(comparison: Comparison) -> set[str]:
    return set(comparison.methods["scope"].dropna())


def _one_scope(scopes: set[str]) -> str:
    """What is added to a heading: the scope that all have, where it is less than seeds and queries."""
    (scope,) = scopes if len(scopes) == 1 else ("",)
    return f", {scope}" if scope and scope != "seeds and queries" else ""


def _measures(comparison: Comparison) -> list[str]:
    columns = [str(column) for column in comparison.methods]
    return columns[columns.index("seeds") + 1 : columns.index("difference")]
