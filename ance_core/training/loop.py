"""The training loop, on one page.

    for training in steps(run): ...        # one update each time round

Being a generator, it can be driven alone or in turns with others (`interleave`), which is how several
samplers train side by side in one process. It yields also while paused or waiting, so nobody waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from ..errors import TrainingError
from ..samplers import QueryBatch
from .dual import dual_step
from .episodes import restart_if_due
from .gradients import gradients_are_usable, loss_is_usable
from .listwise import listwise_step
from .observe import (
    observe_leak,
    observe_milestones,
    observe_pools,
    observe_shortage,
    observe_start,
    observe_step,
    save_bad_batch,
)
from .optimizer import clip
from .outcome import Outcome
from .run import Training
from .schedule import learning_rate
from .step import contrast_step

WAIT_SECONDS = 0.02
STEPS: dict[str, Callable[[Training, QueryBatch], Outcome]] = {
    "contrast": contrast_step,
    "dual": dual_step,
    "listwise": listwise_step,
}


def steps(run: Training) -> Iterator[Training]:
    """Train to the last step, yielding after every update, and while paused or waiting for negatives."""
    config, optimizer = run.config, run.config.optimizer
    observe_start(run)
    while run.step < config.steps:
        run.control.poll(run.step)
        if run.control.stopped:
            return
        if run.control.paused:
            run.writer.heartbeat(run.step, "paused")
            yield run
            continue

        with run.timed():
            refreshed = run.refresher.advance(run.step)
            if waiting := run.refresher.waits(run.step):
                time.sleep(WAIT_SECONDS)
        if refreshed:
            run.writer.refresh(refreshed)
        if waiting:
            run.writer.heartbeat(run.step, "running", waiting)
            yield run
            continue

        with run.timed():
            restarted = restart_if_due(run)
            outcome = STEPS[run.recipe.step](run, run.order.batch(run.step))
            if not loss_is_usable(outcome.loss):
                raise _diverged(run, outcome, "loss", float(outcome.loss.detach()))
            outcome.loss.backward()
            norms = run.meter.norms()
            if not gradients_are_usable(norms["total"]):
                raise _diverged(run, outcome, "gradient norm", norms["total"])
            clip(run.optimizer, norms["total"], optimizer.max_grad_norm)
            now, length = run.episodes.place(run.step)
            rate = learning_rate(now, length, optimizer.learning_rate, optimizer.warmup_share)
            for group in run.optimizer.param_groups:
                group["lr"] = rate
            run.optimizer.step()
            run.optimizer.zero_grad()
            run.step += 1

        if refreshed:
            observe_pools(run)
            observe_leak(run)
        if restarted:
            run.writer.event(
                run.step, "episode", f"began from the weights of step {run.first_step}, optimizer fresh"
            )
        if run.step == run.first_step + 1:
            observe_shortage(run)
        observe_step(run, outcome, norms, rate)
        observe_milestones(run)
        run.control.spend()
        yield run


def _diverged(run: Training, outcome: Outcome, what: str, value: float) -> TrainingError:
    """The error that ends a run before an update with numbers that are not finite, its batch saved."""
    save_bad_batch(run, outcome)
    return TrainingError(
        f"{what}: {value} at step {run.step + 1}; lower optimizer.learning_rate "
        f"(now {run.config.optimizer.learning_rate}) or raise warmup.steps; the batch is in failed-batch.json"
    )
