"""Probes, and steps to repeat, that a page was asked for: one at a time, in a process of its own: pages stay quick."""

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
    """How far a job is: a share from 0 to 1, and what it is doing now."""

    share: float
    doing: str


@dataclass(frozen=True)
class Job:
    """A job under way, or just ended. What it writes goes to a folder that disappears with this object.

    name: in words, as in "the probe of ance at step 200".
    """

    name: str
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
        return f"{self.name[0].upper()}{self.name[1:]} ended without a result: {why}"

    def progress(self) -> Progress:
        """From the last whole line it wrote."""
        lines = self._text("out").rpartition("\n")[0].splitlines()
        if not lines:
            return Progress(0.0, "starting")
        last = json.loads(lines[-1])
        return Progress(last["done"] / last["of"] if last["of"] else 0.0, str(last["doing"]))

    def _text(self, name: str) -> str:
        return Path(self.output.name, name).read_text(encoding="utf-8", errors="replace")


PROBE, REPEAT = "probe", "repeat"
_jobs: dict[tuple[Path, str], Job] = {}  # by folder of runs and kind
_lock = Lock()


def start(runs: Path, run: str, step: int, variance: int = 0) -> None:
    """Begin a probe of a checkpoint. AnceError while another job of this folder is under way."""
    words = ["--step", str(step), "--variance", str(variance)]
    _begin(runs, PROBE, f"the probe of {run} at step {step}", run, step, "probe_job", words)


def repeat(runs: Path, run: str, query: str, step: int) -> None:
    """Begin to repeat a step for what stood in the loss of a query (an id). AnceError as of `start`."""
    words = ["--step", str(step), f"--query={query}"]
    _begin(runs, REPEAT, f"the repetition of step {step} of {run}", run, step, "explain_job", words)


def _begin(runs: Path, kind: str, name: str, run: str, step: int, module: str, words: list[str]) -> None:
    command = [sys.executable, "-m", f"ance_core.cli.{module}", f"--runs={runs}", f"--run={run}", *words]
    with _lock:
        other = busy(runs)
        if other is not None:
            raise AnceError(
                f"{other.name[0].upper()}{other.name[1:]} is under way: wait until it has ended, or stop it, then start "
                "this one."
            )
        output = tempfile.TemporaryDirectory(prefix="ance-job-")
        with Path(output.name, "out").open("wb") as out, Path(output.name, "err").open("wb") as err:

            def begin() -> subprocess.Popen[bytes]:
                return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)

            process = processes.start(name, command, begin)
        _jobs[runs, kind] = Job(name, run, step, process, time.monotonic(), output)


def job(runs: Path, kind: str = PROBE) -> Job | None:
    """The last job of a kind begun on this folder of runs, if it has not been dismissed."""
    return _jobs.get((runs, kind))


def busy(runs: Path) -> Job | None:
    """The job that is at work on this folder, of whichever kind."""
    found = (_jobs.get((runs, kind)) for kind in (PROBE, REPEAT))
    return next((job for job in found if job is not None and job.running), None)


def stop(runs: Path, kind: str = PROBE) -> None:
    """End the job of a kind on this folder, if there is one, and forget it. What was stored before stays."""
    with _lock:
        ended = _jobs.pop((runs, kind), None)
    if ended is not None and ended.running:
        ended.process.terminate()
        ended.process.wait()


@atexit.register
def stop_all() -> None:
    """End the jobs of all folders."""
    for runs, kind in list(_jobs):
        stop(runs, kind)
