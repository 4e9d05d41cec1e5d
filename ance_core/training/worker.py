"""A second process of this run: started, looked after, and never left behind.

Its standard input is a pipe that nobody writes to. It closes when this process ends, however it ends, and that
is how the other one knows. Its standard error is read here, so that its last line can be told even where the
disk takes no more.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

PATIENCE = 2.0
"""Seconds that a process has to end by itself when it is no longer needed."""


class Worker:
    """`python -m module arguments`, with so many processor threads. Raises OSError if it cannot be started."""

    def __init__(self, module: str, arguments: Sequence[str], threads: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)},
        )
        self._lines: deque[str] = deque(maxlen=20)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ended(self) -> str | None:
        """How it ended, with the last line it wrote to standard error; None while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        self._reader.join(timeout=PATIENCE)  # the rest of what it wrote
        last = next((line for line in reversed(self._lines) if line), "it wrote nothing")
        return f"{_exit(code)}: {last}"

    def close(self, patience: float = PATIENCE) -> None:
        """End it: first by closing its input, then by force, which a stopped process obeys too."""
        process = self._process
        with suppress(OSError):
            if process.stdin:
                process.stdin.close()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._reader.join(timeout=PATIENCE)
        if process.stderr:
            process.stderr.close()

    def _read(self) -> None:
        assert self._process.stderr is not None
        with suppress(ValueError):  # closed under our hands
            for line in self._process.stderr:
                self._lines.append(line.decode(errors="replace").strip())


def _exit(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"exit code {code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"exit code {code}"
