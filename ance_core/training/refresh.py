"""Refresh: when pools mined with the model itself are rebuilt, and from which step on they are used.

`sync` mines with the weights of step s and uses the result at once. `lag` mines with the same weights but
uses the result k steps later, which is what an asynchronous inferencer does, made deterministic. `async` is
that inferencer (see `asynchronous`). `replay` repeats, in this process, the (index step, active step) pairs of
a schedule, such as an asynchronous run leaves behind. The first pools, at the first step, are always used at
once: before them there is nothing to draw from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..config import RefreshConfig
from ..samplers import Pool
from ..samplers.change import jaccards
from ..samplers.pool_files import read_pools, write_pools
from .mining import Mined

Pools = dict[str, Pool]
Mine = Callable[[int, Pools], Mined]


@dataclass
class Refresher:
    """The pools mined with the model: those in use, and those waiting for their step.

    mine: (step, newest pools) to new pools; None for recipes that need none. folder: where pools are kept, so
    that a resumed or forked run has them. follows: whether pools are rebuilt after the first time.
    """

    mine: Mine | None
    config: RefreshConfig
    follows: bool
    folder: Path
    current: Pools = field(default_factory=dict)
    current_step: int | None = None
    waiting: list[tuple[int, int, Pools]] = field(default_factory=list)  # (active step, index step, pools)

    def advance(self, step: int) -> dict[str, Any] | None:
        """Bring the pools up to date before the update after `step`; the refresh record if any were mined."""
        self.activate(step)
        active = self._due(step)
        if active is None or self.mine is None:
            return None
        newest = self.waiting[-1][2] if self.waiting else self.current
        mined = self.mine(step, newest)
        write_pools(self.folder, step, mined.pools)
        if active == step:
            self.current, self.current_step = mined.pools, step
        else:
            self.waiting.append((active, step, mined.pools))
        return refresh_record(step, active, newest, mined)

    def activate(self, step: int) -> None:
        """Put waiting pools in force whose step has come."""
        while self.waiting and step >= self.waiting[0][0]:
            _, self.current_step, self.current = self.waiting.pop(0)

    def _due(self, step: int) -> int | None:
        """The step from which pools mined now are used; None if none are to be mined now."""
        if self.mine is None:
            return None
        if not self.current:
            return step
        if not self.follows or self.config.mode == "none":
            return None
        if self.config.mode == "replay":
            return dict(self.config.schedule).get(step)
        return step + self.config.lag if step % self.config.every == 0 else None

    def state(self) -> dict[str, Any]:
        """What a checkpoint has to say about pools; `restore` reads it back."""
        return {
            "current": self.current_step,
            "waiting": [[active, index] for active, index, _ in self.waiting],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Load the pools a checkpoint names."""
        self.current_step = state["current"]
        self.current = {} if self.current_step is None else read_pools(self.folder, self.current_step)
        self.waiting = [(active, index, read_pools(self.folder, index)) for active, index in state["waiting"]]

    def waits(self, step: int) -> str:
        """What training must wait for before the update after `step`; "" if it need not."""
        return ""

    @property
    def message(self) -> str:
        """What the run's status should say about refreshes; "" if nothing."""
        return ""

    def open(self) -> None:
        """Nothing to start: mining happens in this process."""

    def close(self) -> None:
        """Nothing to end."""


def refresh_record(step: int, active: int, old: Pools, mined: Mined) -> dict[str, Any]:
    """The row of the refresh log: where the time went, and how much changed (Jaccard of the first pool)."""
    name = next(iter(mined.pools))
    return {
        "step": step,
        "index_step": step,
        "active_step": active,
        "seconds_encode": mined.seconds.encode,
        "seconds_index": mined.seconds.index,
        "seconds_search": mined.seconds.search,
        "seconds_total": mined.seconds.total,
        "jaccard": float(jaccards(old[name].docs, mined.pools[name].docs).mean())
        if name in old
        else float("nan"),
        "queries": mined.queries,
    }
