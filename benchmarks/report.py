"""Results as a table, as JSON, and as the generated part of docs/performance.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .rows import Row
from .stats import Spread

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
DOCUMENT = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"


def table(rows: list[Row]) -> str:
    """A markdown table; rows that compare show both sides, others the figure alone."""
    both, processor = any(row.ours for row in rows), any(row.processor for row in rows)
    names = ("with", "without", "") if any(row.unit == "%" for row in rows) else ("ours", "theirs", "")
    busy = ["in processor time"] if processor else []
    head = ["", *(names if both else ()), "measured", *busy, "target", "met"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        sides = [_spread(row.ours), _spread(row.theirs), row.per] if both else []
        extra = [_spread(row.processor)] if processor else []
        met = {None: "", True: "yes", False: "no"}[row.met]
        lines.append([row.what, *sides, _value(row), *extra, _target(row), met])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _value(row: Row) -> str:
    text = _number(row.value.median) + _unit(row)
    if row.value.low == row.value.high:
        return f"**{text}**"
    return f"**{text}** ({_number(row.value.low)} to {_number(row.value.high)})"


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    return f"{'at least' if row.at_least else 'at most'} {row.target:g}{_unit(row)}"


def _unit(row: Row) -> str:
    return row.unit if row.unit == "x" else f" {row.unit}"


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return ""
    return f"{_number(spread.median)} ({_number(spread.low)} to {_number(spread.high)})"


def _number(value: float) -> str:
    """Three significant digits, thousands in full."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"


def save(name: str, title: str, note: str, rows: list[Row], machine: dict[str, Any]) -> None:
    """Put one benchmark's rows among the others' in results.json."""
    results = load()
    results[name] = {
        "title": title,
        "note": note,
        "machine": machine,
        "rows": [row.as_dict() for row in rows],
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def load() -> dict[str, Any]:
    """results.json, or nothing."""
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return found


def figures(results: dict[str, Any], order: list[str]) -> str:
    """The generated block: machine, then a section a benchmark."""
    done = [results[name] for name in order if name in results]
    parts = [_machine(done[-1]["machine"])]
    for result in done:
        rows = [Row.of(values) for values in result["rows"]]
        parts.append(f"### {result['title']}\n\n{result['note']}\n\n{table(rows)}")
    return "\n\n".join(parts)


def _machine(machine: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    return (
        f"Measured on {machine['cores']} cores ({machine['processor']}), {machine['system']}, "
        f"Python {machine['python']}; {packages}. Load average at the start: {machine['load']}."
    )


def write_document(results: dict[str, Any], order: list[str]) -> None:
    """Replace what stands between the markers of docs/performance.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    block = f"{BEGIN}\n\n{figures(results, order)}\n\n{END}"
    DOCUMENT.write_text(before + block + after, encoding="utf-8")
