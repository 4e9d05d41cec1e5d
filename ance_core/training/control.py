"""Control from outside: pause, resume, run n steps, stop. Read between steps, so it never changes a number."""

from __future__ import annotations

import time

from ..runs import RunWriter

POLL_SECONDS = 0.2


class Control:
    """Turns the store's control rows into one answer: may the next step run?"""

    def __init__(self, writer: RunWriter) -> None:
        self._writer = writer
        self._polled = 0.0
        self._steps_left: int | None = None  # None: as many as there are; 0: paused
        self.stopped = False

    @property
    def paused(self) -> bool:
        """Whether the run waits for a command."""
        return self._steps_left == 0 and not self.stopped

    def poll(self, step: int) -> None:
        """Read new commands, at most five times a second, and log each one."""
        now = time.monotonic()
        if now - self._polled < POLL_SECONDS:
            return
        self._polled = now
        for command, value in self._writer.poll_control():
            if command == "pause":
                self._steps_left = 0
            elif command == "resume":
                self._steps_left = None
            elif command == "step":
                self._steps_left = max(1, value)
            elif command == "stop":
                self.stopped = True
            self._writer.event(step, "control", f"{command} {value}" if command == "step" else command)

    def spend(self) -> None:
        """Count one step against a budget given by `step n`."""
        if self._steps_left:
            self._steps_left -= 1
