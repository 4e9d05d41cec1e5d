"""Reference levels: what BM25 alone, the untrained encoder and the start score on the very queries of the runs shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from .charts.ends import Key, Level
from .source import Source, Summary

Rows = dict[Key, tuple[float, float]]
"""Of one reference, its mean over the sample (or NaN) and over the whole split."""


def levels(source: Source, shown: Sequence[Summary]) -> list[Level]:
    """The references that hold for the runs shown; means over their seeds.

    One whose values differ between runs of a seed is left out: there is no line that would be true for all. So is the
    start unless all runs of a seed that have begun started from the same. Encoders that score by another similarity
    than most rank the same weights a little differently: the level is that of most, and `others` names the rest.
    None where runs on different data are shown.
    """
    if len({run.data for run in shown}) > 1:
        return []
    begun = [run for run in shown if run.last is not None or run.step]
    by_origin: dict[tuple[object, ...], list[Summary]] = {}
    for run in begun:
        by_origin.setdefault(_origin(run), []).append(run)
    found = [(runs[0], _read(source, runs)) for runs in by_origin.values()]
    similarities = Counter(_similarity(run) for run in begun)
    usual = similarities.most_common(1)[0][0] if similarities else ""
    ranked = [(run, rows) for run, rows in found if _similarity(run) == usual]
    others = tuple(dict.fromkeys(run.method for run in begun if _similarity(run) != usual))
    made = []
    if rows := [(0, rows["bm25"]) for _, rows in found if "bm25" in rows]:
        made.append(_level("bm25", "BM25 alone", rows))
    encoders = sorted({run.encoder for run, _ in found})
    for encoder in encoders:
        if own := [
            (run.seed, rows["untrained"])
            for run, rows in ranked
            if run.encoder == encoder and "untrained" in rows
        ]:
            label = f"Untrained {encoder}" if len(encoders) > 1 else "Untrained"
            made.append(_level("untrained", label, own, others))
    one_start = len({(run.seed, run.init) for run in begun}) == len({run.seed for run in begun})
    if ranked and one_start and all("start" in rows for _, rows in found):
        taken = any(run.config.get("fork") or run.config.get("start") for run in begun)
        label = "Start" if taken else "Shared start"
        made.append(_level("start", label, [(run.seed, rows["start"]) for run, rows in ranked], others))
    return [level for level in made if level.sample or level.whole]


def _level(
    reference: str, label: str, own: Sequence[tuple[int, Rows]], others: tuple[str, ...] = ()
) -> Level:
    return Level(reference, label, _agreed(own, 0), _agreed(own, 1), others)


def _similarity(run: Summary) -> str:
    return str(run.config.get("encoder.similarity"))


def _origin(run: Summary) -> tuple[object, ...]:
    """What decides its references: one run of several that have this in common need be read."""
    encoder = tuple(repr(value) for key, value in sorted(run.config.items()) if key.startswith("encoder."))
    asked = (run.watched, run.config.get("record.eval_queries"))
    return run.dataset_id, run.seed, run.init, encoder, asked


def _read(source: Source, runs: Sequence[Summary]) -> dict[str, Rows]:
    for run in runs:  # the first may have been recorded before there were references
        if found := source.references(run.name):
            return found
    return {}


def _agreed(own: Sequence[tuple[int, Rows]], part: int) -> dict[Key, float]:
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
