"""The folder of runs as the pages need it: summaries and curves, read again only when a run has changed."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

import pandas as pd

from ance_core.errors import AnceError, ConfigError, StoreError
from ance_core.experiments.settings import flatten
from ance_core.reading import data_name
from ance_core.recipes.budget import Budget, arm_name, budget_of
from ance_core.runs import Run, Store
from ance_core.runs.evaluations import PerQuery
from ance_core.runs.status import FINAL

from .charts.groups import Member
from .words import ACTIVE, CUT_SHORT

RUNS_VARIABLE = "ANCE_RUNS"
PACE_S = 15.0
LOOK_S = 20.0  # between two looks at whether the files of a run are sound
BEST = "RR@10"  # the measure that tables of runs show


@dataclass(frozen=True)
class Summary:
    """A run in one row. Scores are NaN-free: None where there is none yet."""

    name: str
    kind: str  # run | warmup
    method: str
    dataset: str
    dataset_id: str  # name and fingerprint: runs are comparable only within one
    encoder: str
    seed: int
    created: float  # unix seconds
    init: str  # run and step that its first weights come from; "" for corpus and seed alone
    config: dict[str, Any]  # dotted keys
    budget: Budget | None  # None: of a method that this version does not know
    state: str
    step: int
    steps: int
    rate: float  # steps per second of training; 0: unknown
    pace: float  # steps per second by the clock, which runs of one process share; 0: unknown
    silence: float  # seconds since the last heartbeat
    message: str
    last: float | None  # dev RR@10
    best: float | None
    test: float | None
    damage: tuple[str, ...] = ()  # a line for each of its files that cannot be used

    @property
    def active(self) -> bool:
        """A process is at work on it, or paused in it."""
        return self.state in ACTIVE

    @property
    def seconds_left(self) -> float | None:
        """Seconds by the clock to the last step at the present pace; None when not running or unknown."""
        if self.state not in ("running", "warming-up") or not self.pace or not self.steps:
            return None
        return max(self.steps - self.step, 0) / self.pace

    @property
    def watched(self) -> tuple[str, ...]:
        """The splits it has curves of; those recorded before there was a choice have dev's."""
        return tuple(self.config.get("record.eval_splits") or ("dev",))

    @property
    def data(self) -> str:
        """What tells the run's dataset from others.

        Where labels are withheld, which ones is drawn with the run's seed: the name alone then tells datasets apart.
        """
        return self.dataset if self.config.get("labels_per_query") else self.dataset_id

    @property
    def member(self) -> Member:
        """The run as charts see it; the dataset counts as a setting."""
        settings = self.config | {"data": self.data}
        return Member(self.name, self.method, self.seed, settings, self.state in CUT_SHORT, self.budget)


class Source:
    """Cached reading of one folder of runs; shared by all browser sessions, safe between threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store: Store | None = None
        self._kept: dict[tuple[str, str], tuple[Any, Any]] = {}
        self._looks: dict[str, deque[tuple[float, int]]] = {}  # of each live run: monotonic seconds, step
        self._damaged: dict[
            str, tuple[float, tuple[str, ...]]
        ] = {}  # by run: when it was looked at, what was found
        self._lock = Lock()
        self.unreadable: list[str] = []

    def summaries(self) -> list[Summary]:
        """All readable runs, newest first. What cannot be read is told by `problems`."""
        found, unreadable = [], []
        for run in self._runs():
            try:
                found.append(self._summary(run))
            except StoreError as error:  # a run deleted or damaged since the folder was listed
                unreadable.append(str(error))
        self.unreadable = unreadable
        return sorted(found, key=lambda s: -s.created)

    def problems(self) -> list[str]:
        """One line for each folder that is there and cannot be shown."""
        store = self._opened()
        return [*store.problems(), *self.unreadable] if store else []

    def damage(self) -> list[str]:
        """One line for each damaged file of a run that is shown all the same."""
        return [line for run in self.summaries() for line in run.damage]

    def fingerprint(self) -> tuple[tuple[str, str], ...]:
        """The runs and their states: when this changes, a page has to be laid out anew."""
        return tuple((s.name, s.state) for s in self.summaries())

    def curve(self, names: Sequence[str], scalar: str) -> pd.DataFrame:
        """One scalar of several runs: run, step, value, seconds, examples; rows in step order."""
        return self._gather(names, f"scalar:{scalar}", lambda run: run.scalars([scalar]).drop(columns="name"))

    def latest_names(self, names: Sequence[str]) -> set[str]:
        """The names of the scalars that any of the runs recorded in its last steps."""
        found = self._gather(names, "names", lambda run: run.scalars(after_step=run.status().step - 2))
        return set(found["name"])

    def refreshes(self, names: Sequence[str]) -> pd.DataFrame:
        """The refresh records of several runs, with a column run."""
        return self._gather(names, "refreshes", lambda run: run.refreshes())

    def results(self, name: str) -> dict[str, dict[str, float]]:
        """Final metrics by split; empty while there are none."""
        return self._measures(self.run(name))

    def per_query(self, names: Sequence[str], split: str, measure: str) -> dict[str, PerQuery]:
        """By run, what each query of a split's sample scored while it trained; older runs are absent."""
        found = {}
        for name in names:
            try:
                run = self.run(name)
                kept = self._keep(
                    run, f"queries:{split}/{measure}", lambda run=run: run.evaluations(split, measure)
                )
            except StoreError:  # told by `problems` at the next look
                continue
            if len(kept):
                found[name] = kept
        return found

    def references(self, name: str) -> dict[str, dict[tuple[str, str], tuple[float, float]]]:
        """By reference, (split, measure) to its means over the split's sample (or NaN) and over the whole split."""
        try:
            run = self.run(name)
            return self._keep(run, "references", lambda: _references(run))
        except StoreError:
            return {}

    def control(self, name: str, command: str, value: int = 0) -> None:
        """Ask a run to pause, resume, step or stop; it answers at its next step."""
        self.run(name).control(command, value)

    def _opened(self) -> Store | None:
        """The store, which remembers each `run.json`; None while the folder does not exist."""
        if not self.folder.is_dir():
            self._store = None
        elif self._store is None:
            self._store = Store(self.folder)
        return self._store

    def _runs(self) -> list[Run]:
        store = self._opened()
        return store.runs() if store else []

    def run(self, name: str) -> Run:
        """The run of that name. StoreError when it, or the whole folder, is gone."""
        store = self._opened()
        if store is None:
            raise StoreError(
                f"{self.folder}: the runs folder is gone: start the dashboard on another with --runs"
            )
        return store.run(name)

    def _gather(self, names: Sequence[str], what: str, read: Callable[[Run], pd.DataFrame]) -> pd.DataFrame:
        parts = []
        for name in names:
            try:
                run = self.run(name)
                table = self._keep(run, what, lambda run=run: read(run))
            except StoreError:  # told by `problems` at the next look
                continue
            if len(table):
                parts.append(table.assign(run=name))
        columns = ["run", "name", "step", "value", "seconds", "examples"]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)

    def _pace(self, name: str, step: int) -> float:
        """Steps per second since a look 3 to PACE_S seconds ago; 0 when there was none."""
        now = time.monotonic()
        with self._lock:
            looks = self._looks.setdefault(name, deque())
            looks.append((now, step))
            while now - looks[0][0] > PACE_S:
                looks.popleft()
            then, before = looks[0]
        return max(step - before, 0) / (now - then) if now - then >= 3.0 else 0.0

    def _keep(self, run: Run, what: str, read: Callable[[], Any]) -> Any:
        """`read()`, or its earlier result if the run has not changed since."""
        key, version = (run.name, what), run.stamp() or run.version()
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or kept[0] != version:
            kept = (version, read())
            with self._lock:
                self._kept[key] = kept
        return kept[1]

    def _summary(self, run: Run) -> Summary:
        """Read once of a run that has ended; anew while a process may be at work on it, or has died at that."""
        if run.stamp() is None:
            return self._read_summary(run)
        kept: Summary = self._keep(run, "summary", lambda: self._read_summary(run))
        if kept.state not in FINAL:
            return self._read_summary(run)
        return replace(kept, damage=self._damage(run))

    def _read_summary(self, run: Run) -> Summary:
        info, status = run.info, run.status()
        dev = self._keep(run, f"dev:{BEST}", lambda: run.scalars([f"dev/{BEST}"])["value"].dropna())
        results = self._measures(run)
        config, data = info.get("config") or {}, info.get("dataset") or {}
        encoder, init = config.get("encoder") or {}, info.get("init") or {}
        return Summary(
            name=run.name,
            kind=info.get("kind", "run"),
            method=arm_name({"recipe": info.get("recipe") or "unknown"} | config),
            dataset=str(data.get("name") or data_name(config) or "unknown"),
            dataset_id=f"{data.get('name') or data_name(config)} {data.get('fingerprint', '')}".strip(),
            encoder=_encoder_name(encoder),
            seed=int(info.get("seed") if info.get("seed") is not None else config.get("seed") or 0),
            created=float(info.get("created") or time.time()),
            init=f"{init['run']}@{init.get('step')}" if init.get("run") else "",
            config=flatten(config),
            budget=_budget(config, data),
            state=status.state,
            step=status.step,
            steps=status.steps or int(config.get("steps") or 0),
            rate=status.rate,
            pace=self._pace(run.name, status.step) if status.active else 0.0,
            silence=status.heartbeat_age_s,
            message=status.message,
            last=float(dev.iloc[-1]) if len(dev) else None,
            best=float(dev.max()) if len(dev) else None,
            test=(results.get("test") or {}).get(BEST),
            damage=() if status.active else self._damage(run),
        )

    def _damage(self, run: Run) -> tuple[str, ...]:
        """What is damaged of a run, looked at again every LOOK_S: its files may change and the log may not."""
        now = time.monotonic()
        with self._lock:
            kept = self._damaged.get(run.name)
        if kept is None or now - kept[0] > LOOK_S:
            kept = (now, tuple(run.damage()))
            with self._lock:
                self._damaged[run.name] = kept
        return kept[1]

    def _measures(self, run: Run) -> dict[str, dict[str, float]]:
        """The results of a run; none where they are damaged, which is among its damage."""
        try:
            measured: dict[str, dict[str, float]] = self._keep(run, "measures", run.measures)
            return measured
        except StoreError:
            return {}


def _budget(config: dict[str, Any], data: dict[str, Any]) -> Budget | None:
    try:
        return budget_of(config, data.get("queries"))
    except ConfigError:
        return None


def _references(run: Run) -> dict[str, dict[tuple[str, str], tuple[float, float]]]:
    found: dict[str, dict[tuple[str, str], tuple[float, float]]] = {}
    for row in run.references():
        sampled = float("nan") if row.sample_mean is None else row.sample_mean
        found.setdefault(row.reference, {})[row.split, row.measure] = (sampled, row.mean)
    return found


def _encoder_name(encoder: dict[str, Any]) -> str:
    """As it is given to `--encoder`, a transformer's folder or id without its kind."""
    kind, model = str(encoder.get("kind") or "unknown"), encoder.get("model")
    return kind if not model else f"{kind}:{model}" if kind == "static" else str(model)


_sources: dict[Path, Source] = {}


def open_source() -> Source:
    """The Source of this dashboard's folder: `--runs DIR` after `--`, else $ANCE_RUNS, else `runs`.

    Raises AnceError when the place exists and is no folder.
    """
    arguments = sys.argv[1:]
    given = arguments[arguments.index("--runs") + 1] if "--runs" in arguments[:-1] else None
    folder = Path(os.path.expanduser(given or os.environ.get(RUNS_VARIABLE) or "runs")).absolute()
    if folder.exists() and not folder.is_dir():
        raise AnceError(f"runs folder: {folder} is a file: give a folder with --runs DIR")
    return _sources.setdefault(folder, Source(folder))
