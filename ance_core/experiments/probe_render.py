"""Probes compared, for the terminal: norms by sampler, what can be said of them, and the variance of the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Group
from rich.text import Text

from ..tables import Column, FittedTable
from .render import BLANK
from .statistics.verdicts import FALSE_ALARMS, LEVEL

if TYPE_CHECKING:
    from .probe_compare import ProbeComparison

KEYS = {"method": "weights of", "step": "step", "band": "norm over"}


def comparison_page(found: ProbeComparison) -> Group:
    """The table, sentences on family and what is undecided, and the warnings."""
    return Group(
        norms_table(found),
        *(Text(line) for line in statements(found)),
        *(Text(line, style="yellow") for line in found.warnings),
    )


def norms_table(found: ProbeComparison) -> FittedTable:
    """One row a method of training, step, band and sampler; a key that all share is in the title."""
    table = found.table
    keys = [key for key in KEYS if table[key].nunique() > 1]
    scope = _heading(_one_scope(table))
    columns = [
        *(Column(KEYS[key], right=key == "step") for key in keys),
        Column("sampler"),
        Column("seeds", right=True, spare=3),
        Column("queries", right=True, spare=5),
        Column(f"mean [95 %{scope}]", right=True),
        Column("median", right=True, spare=4),
        *(_against(found.baseline) if found.baseline else []),
    ]
    fitted = FittedTable(columns, _title(found, keys))
    for _, row in table.iterrows():
        fitted.add(*(str(row[key]) for key in keys), *_cells(row, found))
    return fitted


def _against(baseline: str) -> list[Column]:
    return [
        *(Column(f"over {baseline}", right=True), Column("difference [95 %]", right=True, spare=1)),
        *(Column("p (Holm)", right=True, spare=2), Column("verdict")),
    ]


def statements(found: ProbeComparison) -> list[str]:
    """Sentences under the table: the family and its correction, the undecided, and what few seeds are worth."""
    table, lines = found.table, []
    if found.family:
        size = "1 comparison" if found.family == 1 else f"{found.family} comparisons"
        several = table["seeds_compared"].max() > 1
        basis = "query and seed" if several else "query"
        line = f"Family of {size} with {found.baseline}, under the same weights and paired by {basis}, "
        line += f"Holm-corrected at {100 * LEVEL:g} %."
        if found.smallest is not None:
            line += f" Smallest effect of interest: a difference of {found.smallest:g}."
        if scope := _one_scope(table):
            line += f" Intervals and verdicts: {scope}."
        lines.append(line)
    undecided = table[table["verdict"] == "undecided"]
    for remedy, rows in undecided.groupby("remedy", sort=False):
        named = list(dict.fromkeys(rows["sampler"]))
        several_rows = len(rows) > len(named)
        count = f" ({len(rows)} rows)" if several_rows else ""
        lines.append(f"Undecided, {', '.join(named)}{count}: {remedy}.")
    few = sorted({int(n) for n in table["seeds_compared"].dropna()} & set(FALSE_ALARMS))
    lines += [
        f"With {n} seeds p below .05 comes up in up to {100 * FALSE_ALARMS[n]:.0f} % of comparisons of equals "
        "(docs/statistics.md); from five seeds on it is near 5 %."
        for n in few
    ]
    return lines


def variances_table(table: pd.DataFrame) -> FittedTable:
    """What `compare_variances` found, a row a method of training, step and sampler."""
    keys = [key for key in ("method", "step") if table[key].nunique() > 1]
    scope = _heading(_one_scope(table))
    columns = [
        *(Column(KEYS[key], right=key == "step") for key in keys),
        Column("sampler"),
        Column("seeds", right=True, spare=2),
        Column(f"variance / optimum [95 %{scope}]", right=True),
        Column("as run: variance / optimum", right=True),
        Column("as run: |bias| / |full|", right=True),
    ]
    queries = sorted(set(table["queries"]))
    fitted = FittedTable(
        columns, "variance of the gradient of a query", [f"{', '.join(map(str, queries))} queries"]
    )
    for _, row in table.iterrows():
        weighted = "no support" if pd.isna(row["weighted"]) else _interval(row, "weighted")
        fitted.add(
            *(str(row[key]) for key in keys),
            str(row["sampler"]),
            str(row["seeds"]),
            weighted,
            _interval(row, "as_run"),
            _interval(row, "bias"),
        )
    return fitted


def _interval(row: pd.Series, name: str) -> str:
    ends = (row[name], row[f"{name}_low"], row[f"{name}_high"])
    value, low, high = (round(end, 3) + 0.0 for end in ends)  # no "-0.000"
    return f"{value:.3f}" if pd.isna(low) else f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _title(found: ProbeComparison, keys: list[str]) -> str:
    shared = {key: found.table[key].iloc[0] for key in KEYS if key not in keys}
    parts = [f"weights of {shared['method']}"] if "method" in shared else []
    parts += [f"step {shared['step']}"] if "step" in shared else []
    band = shared.get("band", "total")
    over = "" if band == "total" else f" over {band}"
    return f"{', '.join(parts)}{': ' if parts else ''}gradient norm of an instance{over}"


def _cells(row: pd.Series, found: ProbeComparison) -> list[str]:
    cells = [str(row["sampler"]), str(row["seeds"]), str(row["queries"])]
    scope = f" {row['scope']}" if not _one_scope(found.table) and row["scope"] == "this seed only" else ""
    cells += [f"{row['mean']:.3g} [{row['low']:.3g}, {row['high']:.3g}]{scope}", f"{row['median']:.3g}"]
    if not found.baseline:
        return cells
    if pd.isna(row["verdict"]):
        return [*cells, "1" if row["sampler"] == found.baseline else BLANK, "", "", ""]
    ratio = BLANK if pd.isna(row["ratio"]) else f"{row['ratio']:.2f}"
    difference = f"{row['difference']:+.3g} [{row['difference_low']:+.3g}, {row['difference_high']:+.3g}]"
    p = BLANK if pd.isna(row["p_holm"]) else f"{row['p_holm']:.4f}"
    return [*cells, ratio, difference, p, str(row["verdict"])]


def _one_scope(table: pd.DataFrame) -> str:
    """What all intervals speak of, where it is less than seeds and queries."""
    scopes = set(table["scope"].dropna())
    (scope,) = scopes if len(scopes) == 1 else ("",)
    return "" if scope == "seeds and queries" else scope


def _heading(scope: str) -> str:
    return f", {scope}" if scope else ""
