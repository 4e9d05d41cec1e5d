"""Is a run alive? Its heartbeat row says what it was doing; the process table says whether it still is."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass

import psutil

ACTIVE = ("waiting", "warming-up", "running", "paused")
FINAL = ("finished", "stopped", "failed")
REMOTE_SILENCE_S = 60.0  # another machine's processes cannot be seen: its silence has to do
_CLOCK_SLACK_S = 3.0  # start times shift a little when the system clock is set


@dataclass(frozen=True)
class RunStatus:
    """What a run is doing. `state`: of ACTIVE or FINAL, or "dead": active by its log, its process gone."""

    state: str
    step: int
    steps: int  # planned in all; 0: unknown
    rate: float  # steps per training second, recently; 0: unknown
    heartbeat_age_s: float
    message: str
    pid: int  # 0: nobody writes this run

    @property
    def active(self) -> bool:
        """A process is at work on the run, or paused in it."""
        return self.state in ACTIVE


@dataclass(frozen=True)
class Writer:
    """The process that writes a run. Its start time tells it from a later process with the same pid."""

    pid: int
    started: float  # unix seconds
    host: str

    @classmethod
    def this(cls) -> Writer:
        """The calling process."""
        return cls(os.getpid(), psutil.Process().create_time(), platform.node())

    def alive(self, heartbeat: float) -> bool:
        """Whether the process still exists; `heartbeat` (unix s) decides for other machines."""
        if not self.pid:
            return False
        if self.host != platform.node():
            return time.time() - heartbeat < REMOTE_SILENCE_S
        try:
            process = psutil.Process(self.pid)
            # A killed child stays in the table as a zombie until its parent asks for it.
            return (
                abs(process.create_time() - self.started) < _CLOCK_SLACK_S
                and process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True
