"""Asynchronous refresh: a second process mines while training goes on, as ANCE's trainer and inferencer do.

At every multiple of `every` the trainer asks for pools mined with its weights of that step. While the inferencer
is at work on an older request the new one is held back, and a still newer one takes its place: the inferencer
always gets the latest weights. Before each update the trainer looks for an answer, and pools that are whole are
in use from that update on. The first pools are mined in this process, since there is nothing to train on before.

ANCE's published trainer waits for its files without a word, may read them half-written, and never learns that
the inferencer has died. Here all decisions are taken in `advance`, once a step; each trouble is an event of the
run and leaves the old negatives in use; staleness shows in every record (`index_step`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import StoreError, TrainingError
from .exchange import Contents, Exchange, RefusedError, Request, Result
from .refresh import Pools, Refresher
from .worker import Worker

THREADS = 1
MODULE = "ance_core.training.inferencer"


@dataclass(kw_only=True)
class AsyncRefresher(Refresher):
    """A Refresher whose pools, but for the first, come from an inferencer.

    weights: those of now, as safetensors. prepare: write what mining needs into a folder. tell: (step, kind,
    message) to an event of the run. device: where the inferencer computes. `folder` lies in the run's folder.
    """

    weights: Callable[[], bytes]
    prepare: Callable[[Path], None]
    tell: Callable[[int, str, str], None]
    device: str = "cpu"
    _exchange: Exchange | None = field(default=None, init=False)
    _worker: Worker | None = field(default=None, init=False)
    _asked: Request | None = field(default=None, init=False)  # out, not answered yet
    _held: tuple[int, Contents] | None = field(
        default=None, init=False
    )  # step and weights of the next request
    _asked_at: float = field(default=0.0, init=False)  # on the monotonic clock
    _number: int = field(default=0, init=False)  # of the last request
    _seen: int = field(default=-1, init=False)  # the step for which it was decided whether to ask
    _starts: int = field(default=0, init=False)
    _unstartable: str | None = field(default=None, init=False)
    _ask_again: bool = field(default=False, init=False)  # a request was out when the run was interrupted
    _dead: bool = field(default=False, init=False)

    def open(self) -> None:
        """Start the inferencer, which takes some seconds to be ready; harmless when repeated."""
        if self._exchange is not None:
            return
        self._exchange = Exchange.fresh(self.folder.parent)
        self.prepare(self._exchange.folder)
        self._start()

    def close(self) -> None:
        """End the inferencer and clear away what was handed over."""
        if self._worker is not None:
            self._worker.close()
        if self._exchange is not None:
            self._exchange.close()
        self._worker = self._exchange = self._asked = self._held = None

    def advance(self, step: int) -> dict[str, Any] | None:
        """Use pools that have come, see to the inferencer, ask for new ones; the refresh record if pools came.

        May be called again for a step that waits. Raises TrainingError when the inferencer is dead for good and
        `when_dead` is 'stop'.
        """
        self.open()
        if not self.current:
            return super().advance(step)
        self.activate(step)  # what a parent run had waiting
        ended = self._worker.ended() if self._worker else self._unstartable
        record = self._collect(step)  # after that look: it may have answered before it ended
        if ended is not None:
            self._bury(step, ended)
        elif self._asked and time.monotonic() - self._asked_at > self.config.timeout:
            self._bury(step, f"no answer about step {self._asked.step} for {self.config.timeout:g} s")
        if self._ask_again or (step % self.config.every == 0 and step != self._seen):
            self._hold(step)
        self._seen = step
        self._ask(step)
        return record

    def waits(self, step: int) -> str:
        """What training must wait for before the update after `step`; "" if it need not."""
        limit, since = self.config.max_staleness, self.current_step
        if not limit or since is None or self._asked is None or step - since < limit:
            return ""
        return (
            f"waits for the negatives of step {self._asked.step} (those of step {since} are {limit} steps old), "
            f"for {self.config.timeout:g} s at most"
        )

    @property
    def message(self) -> str:
        """What the run's status should say."""
        return (
            f"the inferencer is dead: negatives stay those of step {self.current_step}" if self._dead else ""
        )

    def state(self) -> dict[str, Any]:
        """As of any refresher, and whether an answer is awaited: a resumed run asks again, with its weights."""
        return super().state() | {"asked": bool(self._asked or self._held or self._ask_again)}

    def restore(self, state: dict[str, Any]) -> None:
        """Load the pools a checkpoint names."""
        super().restore(state)
        self._ask_again = bool(state.get("asked"))

    def _due(self, step: int) -> int | None:
        return None if self.current else step

    # -- answers -------------------------------------------------------------------------------------------

    def _collect(self, step: int) -> dict[str, Any] | None:
        """Put pools that have come into use; the refresh record."""
        assert self._exchange is not None
        try:
            result = self._exchange.answer()
            if result is None:
                return None
            pools = self._check(result)
        except RefusedError as error:
            message = f"{error}; training goes on with the negatives of step {self.current_step}"
            self.tell(step, "refresh refused", message)
            self._settle()
            return None
        self.current, self.current_step = pools, result.step
        self._settle()
        # `step`: of the update they are first used in, since a checkpoint of `step` knows nothing of them
        return result.record | {"step": step + 1, "index_step": result.step, "active_step": step}

    def _check(self, result: Result) -> Pools:
        assert self._exchange is not None
        if self._asked is None or (result.number, result.step) != (self._asked.number, self._asked.step):
            raise RefusedError(f"answer {result.number} about step {result.step} was not asked for")
        pools = self._exchange.take_pools(result, self.folder)
        if pools.keys() != self.current.keys():
            raise RefusedError(f"pools {', '.join(pools)} instead of {', '.join(self.current)}")
        return pools

    def _settle(self) -> None:
        """The request that is out is done with."""
        if self._asked is not None and self._exchange is not None:
            self._exchange.drop_weights(self._asked.step)
        self._asked = None

    # -- requests ------------------------------------------------------------------------------------------

    def _hold(self, step: int) -> None:
        """Make the weights of now those of the next request, in place of older ones not asked about yet."""
        self._ask_again = False
        if self._dead or self._exchange is None:
            return
        if self._held is not None:
            self._exchange.drop_weights(self._held[0])
            self._held = None
        try:
            self._held = step, self._exchange.put_weights(step, self.weights())
        except StoreError as error:
            self.tell(step, "inferencer", f"not asked for negatives of step {step}: {error}")

    def _ask(self, step: int) -> None:
        """Put the held request out if none is."""
        if self._held is None or self._asked is not None or self._exchange is None:
            return
        assert self.current_step is not None
        self._number += 1
        request = Request(self._number, self._held[0], self.current_step, self._held[1])
        try:
            self._exchange.ask(request)
        except StoreError as error:
            self.tell(step, "inferencer", f"not asked for negatives of step {request.step}: {error}")
            return
        self._asked, self._held, self._asked_at = request, None, time.monotonic()

    # -- the process ---------------------------------------------------------------------------------------

    def _start(self) -> None:
        assert self._exchange is not None
        self._exchange.clear()  # nothing of what the one before it was asked, or answered too late
        where = ["--run", str(self.folder.parent), "--exchange", str(self._exchange.folder)]
        self._starts += 1
        try:
            self._worker = Worker(
                MODULE, [*where, "--device", self.device, "--threads", str(THREADS)], THREADS
            )
            self._unstartable = None
        except OSError as error:
            self._worker, self._unstartable = None, f"it cannot be started: {error}"

    def _bury(self, step: int, why: str) -> None:
        """The inferencer is dead, by `why`: start another one, or go on or stop without."""
        if self._worker is not None:
            self._worker.close(patience=0)
        self._worker = self._unstartable = None
        if self._held is None and self._asked is not None:
            self._held = self._asked.step, self._asked.weights  # ask again
            self._asked = None
        else:
            self._settle()  # there are newer weights by now
        left = self.config.restarts - (self._starts - 1)
        if left > 0:
            self._start()
            restart = f"restart {self._starts - 1} of {self.config.restarts}"
            self.tell(step, "inferencer", f"dead ({why}); started again ({restart})")
            return
        self._dead, self._held = True, None
        if self.config.when_dead == "stop":
            raise TrainingError(
                f"refresh: the inferencer is dead at step {step} ({why}); `ance train --resume` tries again, "
                "refresh.when_dead=continue trains on with old negatives, refresh.mode=sync needs no inferencer"
            )
        self.tell(
            step,
            "inferencer",
            f"dead ({why}); training goes on with the negatives of step {self.current_step}",
        )
