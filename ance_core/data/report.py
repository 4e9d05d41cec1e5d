"""A `CheckReport` on the terminal."""

from __future__ import annotations

from itertools import pairwise

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .check import BINS, CheckReport, Lengths
from .declared import Declared
from .problems import Problem

BAR = 24  # characters of the longest bar


def render(report: CheckReport) -> RenderableType:
    """Counts by split, length histograms, then warnings and errors with the verdict last."""
    head = Text.from_markup(
        f"[bold]{escape(report.name)}[/] ({escape(report.format)}): {report.documents:,} documents, "
        f"{report.queries:,} queries, {report.unjudged_queries:,} of them unjudged; "
        f"{report.duplicate_passages:,} duplicate and {report.empty_passages:,} empty passages"
    )
    if report.given_negatives:
        head.append(f"; {report.given_negatives:,} negatives given (recipe `given`)")
    parts: list[RenderableType] = [head, *_declared(report.declared), _splits(report)]
    if report.split_note:
        parts.append(Text(report.split_note, style="dim"))
    for what, lengths in (("document", report.document_lengths), ("query", report.query_lengths)):
        if lengths:
            spread = f"median {lengths.median:,}, 95 % up to {lengths.p95:,}, longest {lengths.longest:,}"
            parts += [Text(f"words a {what}: {spread}"), _histogram(lengths)]
    parts += [_problem("warning", "yellow", problem) for problem in report.warnings]
    parts += [_problem("error", "red", problem) for problem in report.errors]
    if report.ok:
        parts.append(Text("ready for training", style="bold green"))
    else:
        kinds = len(report.errors)
        parts.append(
            Text(f"{kinds} kind{'s' * (kinds > 1)} of error: training would refuse this", style="bold red")
        )
    return Group(*parts)


def _declared(declared: Declared) -> list[Text]:
    """What the collection's own file says, as far as it says anything."""
    about = ": ".join(filter(None, (declared.title, declared.about)))
    labels = declared.labels_per_query
    kept = "" if labels is None else f"labels a training query keeps unless told otherwise: {labels}"
    kinds = ", ".join(declared.settings)
    found = f"settings of its own for {kinds}" if kinds else ""
    return [Text(line, style="dim") for line in (about, "; ".join(filter(None, (kept, found)))) if line]


def _splits(report: CheckReport) -> Table:
    table = Table("split", box=None, pad_edge=False)
    for heading in ("queries", "with a label", "relevant pairs", "other pairs"):
        table.add_column(heading, justify="right")
    for name, counts in report.splits.items():
        cells = (counts.queries, counts.labelled_queries, counts.relevant_pairs, counts.other_pairs)
        table.add_row(name, *(f"{value:,}" for value in cells))
    return table


def _histogram(lengths: Lengths) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_column()
    most = max(lengths.counts)
    ends = [f"{low:,}-{high - 1:,}" for low, high in pairwise(BINS)] + [f"{BINS[-1]:,}+"]
    for label, count in zip(ends, lengths.counts, strict=True):
        if count:
            table.add_row(label, f"{count:,}", "█" * max(1, round(BAR * count / most)))
    return table


def _problem(word: str, colour: str, problem: Problem) -> Text:
    return Text.assemble((f"{word}: ", f"bold {colour}"), str(problem))
