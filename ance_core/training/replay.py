"""An asynchronous run again, exactly: when its negatives came in depended on the machine, and is written down."""

from __future__ import annotations

from typing import Any

from ..config import RunConfig, parse
from ..runs import Run
from .device import threads_of

REPLAY = "replay.json"
"""File in the folder of a finished asynchronous run: `ance train --config runs/NAME/replay.json` repeats it."""


def schedule_of(run: Run) -> list[tuple[int, int]]:
    """(index step, active step) of every refresh of a run, whatever its mode, in order."""
    log = run.refreshes()
    pairs = zip(log["index_step"].astype(int), log["active_step"].astype(int), strict=True)
    return sorted((int(index), int(active)) for index, active in pairs)


def replay_settings(run: Run) -> dict[str, Any]:
    """Settings of a run that repeats `run` bit for bit in one process: its own, its schedule, and no name.

    Pools are functions of the weights alone, so it does not matter which process mines them.
    """
    config: RunConfig = parse(RunConfig, run.info["config"], f"run '{run.name}'")
    refresh = {
        "mode": "replay",
        "every": config.refresh.every,
        "chunks": config.refresh.chunks,
        "schedule": schedule_of(run),
    }
    settings = config.model_dump(mode="json", exclude={"name", "refresh"})
    return settings | {"refresh": refresh, "threads": threads_of(config)}
