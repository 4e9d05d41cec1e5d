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

    One whose values differ between runs of a seed is left out: there is no line that would be true for all. Untrained
    and start are those of most: of the start that more than half of the runs of each seed began with (`elsewhere` names
    the methods that began elsewhere), and of the similarity that most score by, since another one ranks the same weights
    a little differently (`others` names those methods). None where runs on different data are shown.
    """
    if len({run.data for run in shown}) > 1:
        return []
    begun = [run for run in shown if run.last is not None or run.step]
    by_origin: dict[tuple[object, ...], list[Summary]] = {}
    for run in begun:
        by_origin.setdefault(_origin(run), []).append(run)
    found = [(runs[0], _read(source, runs)) for runs in by_origin.values()]
    starts = _usual_starts(begun)
    together = [run for run in begun if starts.get(run.seed, run.init) == run.init]
    similarities = Counter(_similarity(run) for run in together)
    usual = similarities.most_common(1)[0][0] if similarities else ""
    ranked = [(run, rows) for run, rows in found if run in together and _similarity(run) == usual]
    others = tuple(dict.fromkeys(run.method for run in together if _similarity(run) != usual))
    elsewhere = tuple(run.name for run in begun if run not in together)
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
    if starts and ranked and all("start" in rows for _, rows in ranked):
        taken = any(run.config.get("fork") or run.config.get("start") for run in together)
        own = [(run.seed, rows["start"]) for run, rows in ranked]
        made.append(_level("start", "Start" if taken else "Shared start", own, others, elsewhere))
    return [level for level in made if level.sample or level.whole]


def _usual_starts(begun: Sequence[Summary]) -> dict[int, str]:
    """By seed, the weights that more than half of its runs began with; none unless every seed has such a start."""
    usual = {}
    for seed in {run.seed for run in begun}:
        counts = Counter(run.init for run in begun if run.seed == seed)
        init, count = counts.most_common(1)[0]
        if 2 * count <= counts.total():
            return {}
        usual[seed] = init
    return usual


def _level(
    reference: str,
    label: str,
    own: Sequence[tuple[int, Rows]],
    others: tuple[str, ...] = (),
    elsewhere: tuple[str, ...] = (),
) -> Level:
    return Level(reference, label, _agreed(own, 0), _agreed(own, 1), others, elsewhere)


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
