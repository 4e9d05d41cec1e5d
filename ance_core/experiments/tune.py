"""One search for the length of the shared start and for the learning rate, the same for any collection and encoder.

    result = tune("my-collection", "static", seeds=2)
    result.settings            # {"warmup": {"steps": 200, "learning_rate": 0.0006}, "optimizer": {...}}

Scored on dev, by the mean over `ARMS`: the method without a model of the corpus, the one most people start from, and
the one that mines. No setting is chosen by the score of one method. First every rate with the warm-up that the rule of
`training.defaults` gives; then, at the chosen rate, half, twice and four times that warm-up. What lies within `TOLERANCE`
of the best counts as equal, since seeds differ by as much: of equal rates the one nearest to the rule's is taken, of equal
lengths the shortest, as a longer warm-up is also a longer training.

With `optimizer="sgd"` the rates are SGD's. The shared start, which takes AdamW, is then the rule's at every rate.
"""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from ..config import merge, spelled_out
from ..errors import ConfigError, TrainingError
from ..training.defaults import learning_rate, sgd_rate

ARMS = ("random", "in-batch", "ance")
RATES: dict[str, tuple[float, ...]] = {
    "static": (3e-4, 6e-4, 1.2e-3, 2.4e-3),
    "mini": (1.5e-4, 3e-4, 6e-4, 1.2e-3),
    "hf": (1e-5, 2e-5, 5e-5),
}
SGD_RATES: dict[str, tuple[float, ...]] = {"static": (0.1, 0.3, 1.0, 3.0)}  # no others have been looked at
TIMES = (0.5, 1, 2, 4)  # of the rule's warm-up
TOLERANCE = 0.005  # of dev RR@10
QUIET = {"negatives": False, "snapshot_every": 0, "checkpoint_every": 0, "eval_every": 600}


@dataclass(frozen=True)
class Trial:
    """One training of the search: the arm, its settings and seed. optimizer: the kind that `rate` belongs to."""

    arm: str
    rate: float
    steps: int
    seed: int
    optimizer: str = "adamw"

    def settings(self, base: dict[str, Any]) -> dict[str, Any]:
        """What `resolve` takes."""
        own = {"recipe": self.arm, "seed": self.seed, "record": QUIET}
        return merge(base, own, as_settings(self.optimizer, self.rate, self.steps))


def as_settings(optimizer: str, rate: float, steps: int) -> dict[str, Any]:
    """A rate and a length of the warm-up as settings; the warm-up's rate is AdamW's, so none that was found for SGD."""
    if optimizer == "sgd":
        return {"warmup": {"steps": steps}, "optimizer": {"kind": "sgd", "learning_rate": rate}}
    return {"warmup": {"steps": steps, "learning_rate": rate}, "optimizer": {"learning_rate": rate}}


@dataclass(frozen=True)
class Tuned:
    """What a search found. table: a row a trial (stage, rate, steps, arm, seed, dev RR@10). settings: for `--config`."""

    rate: float
    steps: int
    table: pd.DataFrame
    settings: dict[str, Any] = field(default_factory=dict)

    def means(self) -> pd.DataFrame:
        """Mean dev RR@10 by rate and warm-up, a column an arm and their mean."""
        wide = self.table.pivot_table(index=["rate", "steps"], columns="arm", values="dev RR@10")[list(ARMS)]
        return wide.assign(mean=wide.mean(axis=1)).reset_index()


def tune(
    data: str,
    encoder: str = "static",
    *,
    optimizer: str = "adamw",
    seeds: int = 2,
    workers: int = 1,
    rates: Sequence[float] = (),
    times: Sequence[float] = TIMES,
    settings: dict[str, Any] | None = None,
    runs: Path | None = None,
    watch: Callable[[int, int, str], None] = lambda *_: None,
) -> Tuned:
    """Search warm-up and learning rate for a collection and an encoder.

    optimizer: adamw or sgd. seeds: trainings of each arm and setting. workers: processes at a time. rates: to try, those
    of `RATES` or `SGD_RATES` if none is given. times: lengths of the warm-up to try, as multiples of the rule's. settings:
    any others, the same for all trials. runs: where the trials' runs stay; else they are deleted. watch(done, of, text):
    called after each trial.
    ConfigError for settings that would not train, DataError for the collection.
    """
    if optimizer not in ("adamw", "sgd"):
        raise ConfigError(f"optimizer: {optimizer!r} given; it must be one of adamw, sgd")
    if seeds < 1:
        raise ConfigError(f"seeds: {seeds} given; 1 or more are needed")
    base = merge(spelled_out({"data": data, "encoder": encoder}), settings or {})
    kind, rule = _kind_and_rule(base)
    rates = tuple(rates) or (SGD_RATES if optimizer == "sgd" else RATES).get(kind, ())
    if not rates:
        raise ConfigError(
            f"rates: nobody has looked for SGD's under '{kind}', so none are declared; name some, each with --rate"
        )
    usual = sgd_rate(kind) if optimizer == "sgd" else learning_rate(kind)
    lengths = sorted({max(10, round(rule * factor)) for factor in times} - {rule})
    total = len(ARMS) * seeds * (len(rates) + len(lengths))
    with nullcontext(runs) if runs else TemporaryDirectory(prefix="ance-tune-") as folder:
        search = _Search(base, Path(folder), workers, total, watch)
        rows = search.run(
            [Trial(arm, rate, rule, s, optimizer) for rate in rates for s in range(seeds) for arm in ARMS]
        )
        rate = nearest_good(_scores(rows, "rate"), usual or math.prod(rates) ** (1 / len(rates)))
        rows += search.run(
            [Trial(arm, rate, steps, s, optimizer) for steps in lengths for s in range(seeds) for arm in ARMS]
        )
    steps = shortest_good(_scores([row for row in rows if row["rate"] == rate], "steps"))
    return Tuned(rate, steps, pd.DataFrame(rows), as_settings(optimizer, rate, steps))


def nearest_good(scores: pd.Series, usual: float) -> float:
    """Of the rates whose score is within `TOLERANCE` of the best, the one nearest to the usual rate, as a factor.

    >>> nearest_good(pd.Series({3e-4: 0.60, 6e-4: 0.70, 1.2e-3: 0.703}), 6e-4)
    0.0006
    """
    good = scores.index[scores >= scores.max() - TOLERANCE]
    return float(min(good, key=lambda rate: abs(math.log(rate / usual))))


def shortest_good(scores: pd.Series) -> int:
    """The least index whose score is within `TOLERANCE` of the best.

    >>> shortest_good(pd.Series({50: 0.60, 100: 0.696, 200: 0.70, 400: 0.69}))
    100
    """
    return int(min(scores.index[scores >= scores.max() - TOLERANCE]))


def _scores(rows: Sequence[dict[str, Any]], by: str) -> pd.Series:
    """Mean over arms and seeds of dev RR@10 for each value of a column."""
    return pd.DataFrame(rows).groupby(by)["dev RR@10"].mean()


def _kind_and_rule(base: dict[str, Any]) -> tuple[str, int]:
    """The kind of encoder, and the warm-up that its rule gives on this collection."""
    from ..training.defaults import settle
    from ..training.problem import load_problem
    from ..training.settings import resolve

    config = resolve(merge(base, {"recipe": "random"}))
    return config.encoder.kind, settle(config, load_problem(config)).warmup.steps


@dataclass
class _Search:
    base: dict[str, Any]
    folder: Path
    workers: int
    total: int
    watch: Callable[[int, int, str], None]
    done: int = 0

    def run(self, trials: Sequence[Trial]) -> list[dict[str, Any]]:
        """A row a trial, in their order."""
        rows: dict[Trial, dict[str, Any]] = {}
        for trial, quality in self._qualities(trials):
            self.done += 1
            text = (
                f"{trial.arm}, rate {trial.rate:g}, warm-up {trial.steps}, seed {trial.seed}: {quality:.3f}"
            )
            self.watch(self.done, self.total, text)
            facts = {"rate": trial.rate, "steps": trial.steps, "arm": trial.arm, "seed": trial.seed}
            rows[trial] = {**facts, "dev RR@10": quality}
        return [rows[trial] for trial in trials]

    def _qualities(self, trials: Sequence[Trial]) -> Iterator[tuple[Trial, float]]:
        if self.workers == 1:
            for trial in trials:
                yield trial, dev_quality(trial.settings(self.base), self.folder)
            return
        spawn = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
        with ProcessPoolExecutor(self.workers, spawn) as pool:
            jobs = {pool.submit(dev_quality, t.settings(self.base), self.folder): t for t in trials}
            try:
                for job in as_completed(jobs):
                    yield jobs[job], job.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def dev_quality(settings: dict[str, Any], folder: Path) -> float:
    """Dev RR@10, whole split, at the end of a training with these settings in the store at `folder`; 0 if it diverged."""
    from ..runs import Store
    from ..training.session import train_runs
    from ..training.settings import resolve

    try:
        (run,) = train_runs([resolve(settings)], Store(folder, create=True))
    except TrainingError:  # a rate too high for its loss to stay finite
        return 0.0
    return float(run.results()["dev"]["RR@10"])
