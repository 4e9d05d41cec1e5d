"""Refreshes beside training against refreshes in between: ANCE runs in modes `async` and `sync`, in alternation.

Both mine as often: an asynchronous run waits for pools that would become two periods late. A lap is a period, that
is `every` updates with one refresh, waits included, milestones left out; the first two of a run, in which the
inferencer gets ready, do not count. sync / async, the median over pairs of laps. Wall time gains only where a core
is free for the inferencer. Processor time of the training process says what is left to do there, on a busy machine
too: the cost of handing weights over and of checking what comes back is in it, the inferencer's work is not.

    python -m benchmarks.async_refresh [--quick]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from ance_core.config import EncoderConfig
from ance_core.data import Dataset

from .corpus import natural_texts
from .report import table
from .rows import Row, compared
from .sitting import NO_MILESTONES, Enough, pool_settings, watch_training
from .stats import Pairs

WARM = 2  # periods of each run that do not count
CASES = (
    ("static", None, 100),
    ("mini", 400, 8),
)  # documents (None: all of pydocs:stdlib), updates between refreshes
PERIODS, ROUNDS = 6, 3


def run(quick: bool) -> Iterator[Row]:
    """Two rows a case: wall time, which should be no worse, and processor time of the training process."""
    for kind, limit, every in CASES:
        dataset = natural_texts(EncoderConfig(kind=kind), 60 if quick else limit).dataset
        periods, rounds = (1, 1) if quick else (PERIODS, ROUNDS)
        laps = {"sync": np.empty((0, 2)), "async": np.empty((0, 2))}
        for turn in range(rounds):
            for mode in ("sync", "async") if turn % 2 == 0 else ("async", "sync"):
                laps[mode] = np.concatenate([laps[mode], _laps(dataset, kind, mode, every, periods)])
        what = f"{kind}, {len(dataset.docs):,} documents, every {every} steps, 1 thread"
        for column, measure, target in ((0, "", 1.0), (1, ", processor time of training", None)):
            pairs = Pairs(laps["async"][:, column], laps["sync"][:, column])
            yield compared(what + measure, pairs, "s a period", target)


def _laps(dataset: Dataset, kind: str, mode: str, every: int, periods: int) -> np.ndarray:
    """(periods, 2) wall and processor seconds of each period of one run."""
    marks: list[tuple[float, float]] = []

    def watch(training: Any) -> None:
        if training.step % every == 1 and training.step // every == len(marks) + WARM:
            marks.append((training.seconds, time.process_time()))
        if len(marks) > periods:
            raise Enough

    refresh = {"mode": mode, "every": every} | ({"max_staleness": 2 * every} if mode == "async" else {})
    settings = {"encoder": {"kind": kind}, "recipe": "ance", "threads": 1, "refresh": refresh}
    watch_training(dataset, {**settings, "negatives": pool_settings(dataset), "record": NO_MILESTONES}, watch)
    return np.diff(np.array(marks), axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    print(table(list(run(parser.parse_args().quick))))


if __name__ == "__main__":
    main()
