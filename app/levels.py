"""Reference levels: what BM25 alone, the untrained encoder and the start score on the very queries of the runs shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .charts.ends import Key, Level
from .source import Source, Summary

ORDER = ("bm25", "untrained", "start")


def levels(source: Source, shown: Sequence[Summary]) -> list[Level]:
    """The references that hold for all runs shown; means over their seeds.

    One whose values differ between runs of a seed is left out: there is no line that would be true for all. So is the
    start unless every run that has begun started from it.
    """
    begun: dict[tuple[object, ...], list[Summary]] = {}
    for run in shown:
        if run.last is not None or run.step:
            begun.setdefault(_origin(run), []).append(run)
    found = [(runs[0], _read(source, runs)) for runs in begun.values()]
    encoders = {run.encoder for run, _ in found}
    made = []
    for reference in ORDER:
        if reference == "start" and not all(reference in rows for _, rows in found):
            continue
        for encoder in sorted(encoders) if reference == "untrained" else [""]:
            own = [
                (run.seed if reference != "bm25" else 0, rows[reference])
                for run, rows in found
                if reference in rows and encoder in ("", run.encoder)
            ]
            level = Level(reference, _label(reference, encoder if len(encoders) > 1 else "", found))
            level.sample, level.whole = (_agreed(own, part) for part in (0, 1))
            if level.sample or level.whole:
                made.append(level)
    return made


def _origin(run: Summary) -> tuple[object, ...]:
    """What decides its references: one run of several that have this in common need be read."""
    encoder = tuple(repr(value) for key, value in sorted(run.config.items()) if key.startswith("encoder."))
    asked = (run.watched, run.config.get("record.eval_queries"))
    return run.dataset_id, run.seed, run.init, encoder, asked


def _read(source: Source, runs: Sequence[Summary]) -> dict[str, dict[Key, tuple[float, float]]]:
    for run in runs:  # the first may have been recorded before there were references
        if found := source.references(run.name):
            return found
    return {}


def _agreed(own: Sequence[tuple[int, dict[Key, tuple[float, float]]]], part: int) -> dict[Key, float]:
    """Means over seeds of what all runs of a seed agree on."""
    by_seed: dict[Key, dict[int, set[float]]] = {}
    for seed, rows in own:
        for key, values in rows.items():
            if np.isfinite(values[part]):
                by_seed.setdefault(key, {}).setdefault(seed, set()).add(round(values[part], 6))
    return {
        key: float(np.mean([next(iter(values)) for values in seeds.values()]))
        for key, seeds in by_seed.items()
        if all(len(values) == 1 for values in seeds.values())
    }


def _label(reference: str, encoder: str, found: Sequence[tuple[Summary, object]]) -> str:
    if reference == "bm25":
        return "BM25 alone"
    if reference == "untrained":
        return f"Untrained {encoder}" if encoder else "Untrained"
    taken = any(run.config.get("fork") or run.config.get("start") for run, _ in found)
    return "Start" if taken else "Shared start"
