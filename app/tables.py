"""Small pieces of HTML: tables that become cards on a phone, method chips, state badges. Pure text to text.

Everything that comes from a run (names, messages, settings) passes through `escape`.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import pandas as pd

from ance_core.experiments.settings import is_incidental

from . import words
from .charts.ends import Level
from .charts.groups import Group, by_method, differing
from .source import BEST, Summary
from .theme import Look, look

BLANK = "–"
_DASHES = {"solid": "", "dot": "2 3", "dash": "6 3", "dashdot": "6 2 2 2", "longdash": "10 3"}
_DASHES["longdashdot"] = "10 2 2 2"
_GLYPHS = {
    "circle": "●",
    "square": "■",
    "diamond": "◆",
    "triangle-up": "▲",
    "triangle-down": "▼",
    "star": "★",
    "hexagon": "⬢",
    "star-diamond": "✦",
    "cross": "✚",
    "pentagon": "⬟",
    "x": "✖",
}


def grid(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numeric: int = 0,
    caption: str = "",
    narrow: int = 2,
    references: int = 0,
) -> str:
    """An HTML table of ready-made cells. The last `numeric` columns are right-aligned; so many last rows are references.

    On a narrow screen every row becomes a card whose first cell is its title, and each further cell carries
    its header; `narrow` (1 or 2) of them stand side by side.
    """
    first_number = len(headers) - numeric

    def kind(column: int, cell: str = "") -> str:
        names = ["number"] * (column >= first_number) + ["blank"] * (cell == BLANK)
        return f' class="{" ".join(names)}"' if names else ""

    head = "".join(f'<th scope="col"{kind(i)}>{escape(h)}</th>' for i, h in enumerate(headers))
    body = "".join(
        ('<tr class="ance-reference">' if place >= len(rows) - references else "<tr>")
        + "".join(
            f'<td data-label="{escape(headers[i])}"{kind(i, cell)}><div>{cell}</div></td>'
            for i, cell in enumerate(row)
        )
        + "</tr>"
        for place, row in enumerate(rows)
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<table class="ance-table ance-by-{narrow}">{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def chip(label: str, drawn: Look | None = None) -> str:
    """A label behind a sample of its line: colour, dash and marker; by default as the method of that name."""
    drawn = drawn or look(label)
    return (
        f'<span class="ance-chip"><i style="background:{_stripes(drawn)}"></i>'
        f'<b style="color:{drawn.color}">{_GLYPHS.get(drawn.marker, "●")}</b>{escape(label)}</span>'
    )


def _stripes(drawn: Look) -> str:
    """A line's dashes as a CSS gradient (pages may not contain SVG)."""
    lengths = [
        float(n) for n in _DASHES.get(drawn.dash, drawn.dash.replace("px,", " ").replace("px", "")).split()
    ]
    if not lengths:
        return drawn.color
    stops, at = [], 0.0
    for place, length in enumerate(lengths):
        stops.append(f"{drawn.color if place % 2 == 0 else 'transparent'} {at:g}px {at + length:g}px")
        at += length
    return f"repeating-linear-gradient(90deg,{','.join(stops)})"


def badge(run: Summary) -> str:
    """A run's state: a dot and a word; its progress unless there is nothing to say about it."""
    if run.state in ("finished", "waiting") or not run.steps:
        return _state(run)
    return f"{_state(run)}{_bar(run)}<small>{_steps(run)}</small>"


def live_card(run: Summary) -> str:
    """A run at work in two lines: who, how far and how fast; and a bar."""
    facts = [_steps(run)] if run.steps else []
    if run.rate and run.state == "running":
        facts.append(words.speed(run.rate))
    if run.seconds_left is not None:
        facts.append(f"{words.duration(run.seconds_left)} left")
    if run.last is not None:
        facts.append(f"dev {BEST} {words.number(run.last)}")
    start = "<small>shared start</small>" if run.kind == "warmup" else ""
    return (
        f'<div class="ance-live"><div><b>{escape(run.name)}</b>{chip(run.method)}{start}{_state(run)}'
        f"<small>{' · '.join(facts)}</small></div>{_bar(run)}</div>"
    )


def _state(run: Summary) -> str:
    said = words.state(run.state)
    title = escape(" ".join(filter(None, [said.meaning, run.message])))
    shown = f'<span class="ance-state ance-{said.tone}" title="{title}"><i></i>{escape(said.word)}</span>'
    if not run.damage:
        return shown
    what = escape("; ".join(run.damage))
    return f'{shown}<span class="ance-state ance-bad" title="{what}"><i></i>Damaged</span>'


def _steps(run: Summary) -> str:
    return f"step {run.step:,} of {run.steps:,}"


def _bar(run: Summary) -> str:
    share = min(100.0, 100.0 * run.step / run.steps) if run.steps else 0.0
    return (
        f'<span class="ance-bar ance-{words.state(run.state).tone}" role="progressbar" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{share:.0f}" aria-label="{_steps(run)}">'
        f'<b style="width:{share:.1f}%"></b></span>'
    )


def runs_table(runs: Sequence[Summary], now: float, references: Sequence[Level] = ()) -> str:
    """One row a run, then the references; `now` in unix seconds. Speed and time left only where something moves."""
    several = len({run.data for run in runs}) > 1
    moving = any(run.active for run in runs)
    headers = [
        "Run",
        "Method",
        *(["Dataset"] if several else []),
        "Negatives, loss",
        "Encoder",
        "Seed",
        "Status",
    ]
    numbers = [*(["Speed", "Left"] if moving else []), "Dev, last", "Dev, best", "Test"]
    rows = []
    for run in runs:
        row = [
            f"<b>{escape(run.name)}</b><small>{words.ago(now - run.created)}</small>",
            chip(run.method),
            *([escape(run.dataset)] if several else []),
            _budget(run),
            escape(run.encoder),
            str(run.seed),
            badge(run),
        ]
        if moving:
            row += [words.speed(run.rate), words.duration(run.seconds_left)] if run.active else [BLANK, BLANK]
        row += [
            words.number(run.last),
            words.number(run.best),
            f"<b>{words.number(run.test)}</b>" if run.test is not None else BLANK,
        ]
        rows.append(row)
    for level in references:
        row = [f"{escape(level.label)}<small>reference</small>"]
        row += [BLANK] * (len(headers) + len(numbers) - 4)
        row += [
            words.number(level.sample.get(("dev", BEST))),
            BLANK,
            words.number(level.whole.get(("test", BEST))),
        ]
        rows.append(row)
    caption = f"Scores: mean {BEST}, 0 to 1"
    return grid([*headers, *numbers], rows, numeric=len(numbers), caption=caption, references=len(references))


def _budget(run: Summary) -> str:
    """Negatives a query and step, the loss, and what it costs."""
    if run.budget is None:
        return BLANK
    given = run.budget
    cost = f"{given.pairs:,} pairs a step, {given.queries:,} queries"
    return f"{escape(given.words)}<small>{cost}</small>"


def mishaps(runs: Sequence[Summary]) -> str:
    """What happened to runs that failed or died, and how to go on; empty when none did."""
    lines = []
    for run in runs:
        said = words.state(run.state)
        if said.tone == "bad":
            why = f"{said.meaning} {run.message}".strip()
            lines.append(
                f"<li><b>{escape(run.name)}</b> ended at step {run.step:,}. {escape(why)} "
                f"To go on from its last checkpoint: <code>ance train --resume {escape(run.name)}</code></li>"
            )
    return f'<ul class="ance-notes">{"".join(lines)}</ul>' if lines else ""


def differences(runs: Sequence[Summary]) -> str | None:
    """A row for each method and setting, a column for each setting that differs; None when none does."""
    groups = by_method([run.member for run in runs])
    configs = {run.name: run.config for run in runs}
    keys = [key for key in differing(list(configs.values())) if not is_incidental(key) and key != "recipe"]
    if not keys:
        return None
    rows = [
        [
            chip(group.members[0].method, group.look),
            escape(", ".join(str(member.seed) for member in group.members)),
            *(setting(configs[group.members[0].run].get(key)) for key in keys),
        ]
        for group in groups
    ]
    return grid(["Method", "Seeds", *keys], rows, narrow=1)


def setting(value: Any) -> str:
    """A setting's value as in a config file; a dash where the run has none."""
    if value is None:
        return BLANK
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escape(f"{value:g}" if isinstance(value, float) else str(value))


def final(table: pd.DataFrame, groups: Sequence[Group], split: str, references: Sequence[Level] = ()) -> str:
    """Final metrics of a split (from `export.final_table`), a row a group, then the references; a column's best is bold."""
    own = table[table["split"] == split]
    measures = list(dict.fromkeys(own["measure"]))
    cells = {(row.method, row.measure): row for row in own.itertuples()}
    levels = [level for level in references if any(of == split for of, _ in level.whole)]
    known = {measure: [level.whole.get((split, measure), -1.0) for level in levels] for measure in measures}
    best = {name: max([mean, *known[name]]) for name, mean in own.groupby("measure")["mean"].max().items()}
    rows = []
    for group in groups:
        found = [cells.get((group.label, measure)) for measure in measures]
        if any(found):
            said = [words.spread(row.mean, row.half_width) if row else BLANK for row in found]
            bold = [bool(row) and row.mean == best[row.measure] for row in found]
            said = [f"<b>{text}</b>" if top else text for text, top in zip(said, bold, strict=True)]
            rows.append([chip(group.label, group.look), str(max(row.runs for row in found if row)), *said])
    for level in levels:
        values = [level.whole.get((split, measure)) for measure in measures]
        said = [
            f"<b>{words.number(value)}</b>" if value == best[measure] else words.number(value)
            for value, measure in zip(values, measures, strict=True)
        ]
        rows.append([escape(level.label), BLANK, *said])
    headers = ["Method", "Runs", *measures]
    return grid(headers, rows, numeric=len(measures) + 1, narrow=1, references=len(levels))
