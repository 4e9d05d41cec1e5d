"""A step of a run again: the same batch, draws, scores and loss, from the checkpoint before it, nothing written.

The loop itself repeats the updates in between (`loop.steps`), with a writer that keeps nothing and the pools that lie in
the run's folder, so there is no second loop that could come to differ. The step asked for is worked out and its update
left out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..config import RunConfig, parse
from ..data.of_run import dataset_of
from ..errors import ConfigError, StoreError
from ..runs import Run, RunWriter
from ..runs.wear import read_state
from ..samplers import QueryBatch
from ..samplers.pool_files import pool_path, read_pools
from .device import set_threads
from .episodes import restart_if_due
from .loop import STEPS, steps
from .outcome import Outcome
from .problem import Problem, load_problem
from .refresh import Refresher
from .run import Training, assemble, restore
from .start import check_table

Look = Callable[[Training], None]
Watch = Callable[[int, int, str], None]
"""Told how many parts are done, of how many, and what is being done."""


class Silent:
    """Stands in for a RunWriter: knows the run's folder, for reading, and forgets whatever it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = folder, folder.name

    def poll_control(self) -> list[tuple[str, int]]:
        """Nobody speaks to a repetition."""
        return []

    @contextmanager
    def checkpoint(self, step: int) -> Iterator[Path]:
        """A folder that vanishes."""
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)

    def __getattr__(self, name: str) -> Callable[..., None]:
        if not hasattr(RunWriter, name):
            raise AttributeError(name)
        return lambda *_, **__: None


@dataclass
class StoredPools(Refresher):
    """The pools that were in force at each step, read from the run's folder. known: (active step, index step)."""

    known: tuple[tuple[int, int], ...] = ()

    def restore(self, state: dict[str, Any]) -> None:
        """What the checkpoint says was in force and waiting, beside what the log says came later."""
        waiting = [(active, index) for active, index in state["waiting"]]
        current = [(-1, state["current"])] if state["current"] is not None else []
        self.known = (*current, *waiting, *self.known)

    def advance(self, step: int) -> None:
        """Put the pools in force that were so for the update after `step`."""
        index = self.in_force(step)
        if index is not None and index != self.current_step:
            self.current, self.current_step = self.read(index), index

    def in_force(self, step: int) -> int | None:
        """The step whose weights mined the pools of the update after `step`; None before the first."""
        return max(((a, i) for a, i in self.known if a <= step), default=(0, None))[1]

    def read(self, index: int) -> dict[str, Any]:
        """The pools mined at a step. StoreError if they are gone."""
        path = pool_path(self.folder, index)
        if not path.is_file():
            raise StoreError(
                f"{path}: missing, so the steps that draw from it cannot be repeated: restore it from a copy, or train again"
            )
        return read_pools(self.folder, index)

    def before(self, index: int) -> int | None:
        """The step of the last pools mined before those of `index`."""
        return max((i for _, i in self.known if i < index), default=None)


def stored_pools(run: Run, config: RunConfig, step: int) -> StoredPools:
    """What the log says of a run's pools after its last checkpoint at or before `step`; `restore` adds the checkpoint's."""
    before = max(at for at in run.checkpoints() if at <= step)
    log = run.refreshes()
    known = zip(log["active_step"].astype(int), log["index_step"].astype(int), strict=True)
    later = tuple((int(a), int(i)) for a, i in known if a >= before)
    return StoredPools(None, config.refresh, False, run.folder / "pools", known=later)


def pools_at(run: Run, config: RunConfig, step: int) -> tuple[StoredPools, int | None]:
    """What is known of the pools of a run around the update after `step`, and which index step was in force then."""
    stored = stored_pools(run, config, step)
    before = max(at for at in run.checkpoints() if at <= step)
    stored.restore(read_state(run.checkpoints()[before])["pools"])
    return stored, stored.in_force(step)


@dataclass(frozen=True)
class Repeated:
    """A step worked out anew. step: of the update it led to, from 1. checkpoint: what it was repeated from."""

    training: Training
    batch: QueryBatch
    outcome: Outcome
    step: int
    checkpoint: int


def problem_of(run: Run, field: str) -> tuple[RunConfig, Problem]:
    """Settings and data of a run. AnceError, in one line, where there is no checkpoint or the data has gone."""
    if not run.checkpoints():
        raise ConfigError(
            f"{field}: run '{run.name}' has no checkpoint, so none of its steps can be repeated; let it train on, or "
            "choose another run"
        )
    config: RunConfig = parse(RunConfig, run.info["config"], f"run '{run.name}'")
    problem = load_problem(config, dataset_of(run))
    check_table(run, problem, field)
    return config, problem


def training_at(run: Run, config: RunConfig, problem: Problem, step: int) -> tuple[Training, int]:
    """The run as it was after at most `step` updates, and the checkpoint that is from. ConfigError for a step before all.

    Nothing that is done with it reaches the run's folder. It uses the run's number of threads from now on.
    """
    checkpoints = run.checkpoints()
    before = max((at for at in checkpoints if at <= step), default=None)
    if before is None:
        parent = config.fork or config.start
        whose = f"; they are those of '{parent}'" if config.fork else ""
        raise ConfigError(
            f"--step: {step + 1} lies before the first checkpoint of run '{run.name}', {min(checkpoints)}{whose}; choose "
            f"{min(checkpoints) + 1} or later"
        )
    set_threads(config)
    quiet = config.record.model_copy(
        update={
            "negatives": False,
            "snapshot_every": 0,
            "probe_every": 0,
            "checkpoint_every": 0,
            "eval_splits": (),
        }
    )
    # its weights are about to be replaced: the quickest start will do
    encoder = config.encoder.model_copy(update={"init": "random"})
    config = config.model_copy(update={"record": quiet, "encoder": encoder})
    training = assemble(config, problem, cast(RunWriter, Silent(run.folder)), None, 0)
    training.refresher = stored_pools(run, config, step)
    restore(training, run, before)
    return training, before


def repeat(
    run: Run,
    config: RunConfig,
    problem: Problem,
    step: int,
    pause: int | None = None,
    look: Look | None = None,
    watch: Watch = lambda *_: None,
) -> Repeated:
    """The update `step` (from 1) of a run, worked out anew and not taken.

    look: called once with the training as it was after `pause` updates; an earlier checkpoint is begun from if need be.
    watch: told of each update on the way. Raises as `training_at`.
    """
    start = step - 1 if pause is None else min(pause, step - 1)
    training, before = training_at(run, config, problem, start)
    if look and training.step == pause:
        look(training)
    if training.step < step - 1:
        for now in steps(training):
            watch(now.step - before, step - before, f"step {now.step} again")
            if look and now.step == pause:
                look(now)
            if now.step == step - 1:
                break
    training.refresher.advance(training.step)
    restart_if_due(training)
    batch = training.order.batch(training.step)
    return Repeated(training, batch, STEPS[training.recipe.step](training, batch), step, before)
