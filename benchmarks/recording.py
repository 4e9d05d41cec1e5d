"""What recording costs: the same training with scalars, negatives and snapshots, and with none of them.

`static` on pydocs:stdlib, 600 steps, BM25 negatives, no evaluation on either side (it would hide the cost), the default
checkpoints on both. The quiet side writes to a run that drops what it is given, by the same loop.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ance_core.data import Dataset, load_dataset
from ance_core.runs import RunWriter, Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

from .duel import clocks
from .rows import Row
from .sitting import ENDLESS, pool_settings
from .stats import Pairs, Spread, median_with_interval


class _DeafStore(Store):
    """A store whose new runs drop the scalars they are given."""

    def create_run(self, *args: Any, **kwargs: Any) -> RunWriter:
        """See `Store.create_run`."""
        writer = super().create_run(*args, **kwargs)
        writer.scalars = lambda *_, **__: None  # type: ignore[method-assign]
        return writer


def run(quick: bool) -> Iterator[Row]:
    """The share of training time, once as defined by the target and once as a run is by default."""
    dataset = load_dataset("tiny" if quick else "pydocs:stdlib")
    steps, rounds = (40, 2) if quick else (600, 7)
    bare = {"recipe": "bm25", "record": {"eval_every": ENDLESS}}
    yield _row("bm25, no evaluation", dataset, steps, rounds, bare, 15.0)
    if not quick:
        what = "ance as by default, evaluation every 50 steps on both sides"
        yield _row(what, dataset, steps, 5, {"recipe": "ance", "record": {}}, None)
    yield _probing(dataset, 60 if quick else 300, rounds)


def _row(
    what: str, dataset: Dataset, steps: int, rounds: int, settings: dict[str, Any], target: float | None
) -> Row:
    seconds, processor = np.empty((rounds, 2)), np.empty((rounds, 2))
    for at in range(-1, rounds):  # the first pair warms caches and does not count
        for side in (0, 1) if at % 2 == 0 else (1, 0):
            took = _train(dataset, steps, settings, recording=side == 0)
            if at >= 0:
                seconds[at, side], processor[at, side] = took
    pairs = Pairs(seconds[:, 0], seconds[:, 1])
    share = median_with_interval(100 * (pairs.ours / pairs.theirs - 1))
    busy = median_with_interval(100 * (processor[:, 0] / processor[:, 1] - 1))
    with_it, without = Spread.of(pairs.ours), Spread.of(pairs.theirs)
    return Row(f"static, {steps} steps, {what}", share, "%", target, False, with_it, without, "s", busy)


def _train(dataset: Dataset, steps: int, settings: dict[str, Any], recording: bool) -> np.ndarray:
    """Seconds, by the wall and of the processor, from the first update to the last but one: the last evaluates."""
    times: list[tuple[float, float]] = []
    record = settings["record"] | ({} if recording else {"negatives": False, "snapshot_every": 0})
    config = resolve(
        {"data": dataset.name, "steps": steps + 1, "warmup": {"recipe": "none"}}
        | settings
        | {"record": record, "negatives": pool_settings(dataset)}
    )
    with tempfile.TemporaryDirectory() as folder:
        store = (Store if recording else _DeafStore)(Path(folder), create=True)
        train_runs([config], store, dataset=dataset, watch=lambda _: times.append(clocks()))
    return np.subtract(times[steps - 1], times[0])


def _probing(dataset: Dataset, steps: int, rounds: int) -> Row:
    """The share of training time that exact norms of 64 instances every 50 steps add; with the run's own sampler and
    a random one that is 128 measured."""
    took = np.empty((rounds + 1, 2))
    for at in range(rounds + 1):
        for side in (0, 1) if at % 2 == 0 else (1, 0):
            record = {"eval_every": ENDLESS, "snapshot_every": 0, "probe_every": 0 if side else 50}
            took[at, side] = _train(dataset, steps, {"recipe": "ance", "record": record}, recording=True)[0]
    share = median_with_interval(100 * (took[1:, 0] / took[1:, 1] - 1))
    what = f"static, {steps} steps of ance, exact gradient norms of 64 queries every 50 steps"
    return Row(what, share, "%", 15.0, False, Spread.of(took[1:, 0]), Spread.of(took[1:, 1]), "s")
