"""Probes that the page was asked for: one at a time, in a process of its own, so that the page stays quick."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from ance_core.errors import AnceError

from . import processes


class Progress(NamedTuple):
    """How far a probe is: a share from 0 to 1, and what it is doing now."""

    share: float
    doing: str


@dataclass(frozen=True)
class Job:
    """A probe under way, or just ended. What it writes goes to a folder that disappears with this object."""

    run: str
    step: int
    process: subprocess.Popen[bytes]
    began: float  # monotonic seconds
    output: tempfile.TemporaryDirectory[str]

    @property
    def running(self) -> bool:
        """Whether the process is still at work."""
        return self.process.poll() is None

    @property
    def failed(self) -> str:
        """Why it ended without a result, in one sentence; empty where it did not."""
        if self.running or self.process.returncode == 0:
            return ""
        lines = [line for line in self._text("err").splitlines() if line.startswith("ance: ")]
        why = lines[-1].removeprefix("ance: ") if lines else f"exit status {self.process.returncode}"
        return f"The probe of {self.run} at step {self.step} ended without a result: {why}"

    def progress(self) -> Progress:
        """From the last whole line it wrote."""
        lines = self._text("out").rpartition("\n")[0].splitlines()
        if not lines:
            return Progress(0.0, "starting")
        last = json.loads(lines[-1])
        return Progress(last["done"] / last["of"] if last["of"] else 0.0, str(last["doing"]))

    def _text(self, name: str) -> str:
        return Path(self.output.name, name).read_text(encoding="utf-8", errors="replace")


_jobs: dict[Path, Job] = {}
_lock = Lock()


def start(runs: Path, run: str, step: int, variance: int = 0) -> None:
    """Begin a probe of a checkpoint. AnceError while another one of this folder is under way."""
    command = [sys.executable, "-m", "ance_core.cli.probe_job", "--runs", str(runs), "--run", run]
    command += ["--step", str(step), "--variance", str(variance)]
    with _lock:
        other = _jobs.get(runs)
        if other is not None and other.running:
            raise AnceError(
                f"A probe of {other.run} is under way: wait until it has ended, or stop it, then start this one."
            )
        output = tempfile.TemporaryDirectory(prefix="ance-probe-")
        with Path(output.name, "out").open("wb") as out, Path(output.name, "err").open("wb") as err:

            def begin() -> subprocess.Popen[bytes]:
                return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)

            process = processes.start(f"the probe of {run}", command, begin)
        _jobs[runs] = Job(run, step, process, time.monotonic(), output)


def job(runs: Path) -> Job | None:
    """The last probe begun on this folder of runs, if it has not been dismissed."""
    return _jobs.get(runs)


def stop(runs: Path) -> None:
    """End the probe of this folder, if there is one, and forget it. What was stored before stays."""
    with _lock:
        ended = _jobs.pop(runs, None)
    if ended is not None and ended.running:
        ended.process.terminate()
        ended.process.wait()


@atexit.register
def _stop_all() -> None:
    for runs in list(_jobs):
        stop(runs)
