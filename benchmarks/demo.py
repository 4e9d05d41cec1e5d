"""`ance demo` as a newcomer starts it: an empty folder of runs, an empty cache, packages installed.

Seconds until the dashboard answers, until the first point of a curve can be read, until all methods have ended;
and the most memory the training process and its children held. Once: there is nothing to alternate with.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from ance_app.launch import free_port

from ance_core.runs import Store
from ance_core.runs.reader import Run

from .rows import Row
from .stats import Spread

LONGEST_S = 600
PAUSE_S = 0.1
ENDED = ("finished", "failed", "stopped", "dead")
TRAINER = "demo_training"


def run(quick: bool) -> Iterator[Row]:
    """Four rows. Raises RuntimeError when a method fails or nothing ends in ten minutes."""
    steps, data = (10, "tiny") if quick else (600, "catalogue")
    with tempfile.TemporaryDirectory() as folder, _demo(Path(folder), steps, data) as (process, runs, port):
        found, memory = _watch(process, runs, port)
    what = f"six methods x {steps} steps on {data}"
    yield _row("the dashboard answers", found["answers"], "s", 15)
    yield _row("first point of a curve in the store", found["curve"], "s", 30)
    yield _row(f"{what} have finished", found["finished"], "s", 120)
    yield _row("most memory of the training process", memory / 1e9, "GB", 1.5)


def _row(what: str, value: float, unit: str, target: float) -> Row:
    return Row(what, Spread(value, value, value), unit, target, at_least=False)


@contextmanager
def _demo(folder: Path, steps: int, data: str) -> Iterator[tuple[subprocess.Popen[bytes], Path, int]]:
    runs, port = folder / "runs", free_port(8601)
    command = [
        sys.executable,
        "-m",
        "ance_core",
        "demo",
        "--runs",
        str(runs),
        "--port",
        str(port),
        "--no-browser",
    ]
    process = subprocess.Popen(
        [*command, "--steps", str(steps), "--data", data],
        env=os.environ | {"ANCE_CACHE": str(folder / "cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process, runs, port
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _watch(process: subprocess.Popen[bytes], runs: Path, port: int) -> tuple[dict[str, float], int]:
    """Seconds since the start by event, and bytes."""
    start, found, memory = time.perf_counter(), {}, 0
    while "finished" not in found or "answers" not in found:
        now = time.perf_counter() - start
        if now > LONGEST_S or (process.poll() is not None):
            raise RuntimeError(f"the demo ended or stalled after {now:.0f} s with only {sorted(found)}")
        memory = max(memory, _trainer_memory(process.pid))
        if "answers" not in found and answers(port):
            found["answers"] = now
        every = [run for run in Store(runs).runs() if run.info.get("kind") == "run"] if runs.is_dir() else []
        if "curve" not in found and any(map(_has_point, every)):
            found["curve"] = now
        if every and "curve" in found and all(run.status().state in ENDED for run in every):
            bad = [f"{run.name} {status.state} {status.message}" for run in every
                   if (status := run.status()).state != "finished"]  # fmt: skip
            if bad:
                raise RuntimeError(f"runs of the demo did not finish: {'; '.join(bad)}")
            found["finished"] = now
        time.sleep(PAUSE_S)
    return found, memory


def _has_point(run: Run) -> bool:
    return len(run.scalars(["loss"])) > 0


def answers(port: int) -> bool:
    """Whether a dashboard serves there."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def _trainer_memory(pid: int) -> int:
    """Resident bytes of the training process and its children."""
    total = 0
    with suppress(psutil.Error):
        for child in psutil.Process(pid).children():
            if any(TRAINER in part for part in child.cmdline()):
                for each in (child, *child.children(recursive=True)):
                    with suppress(psutil.Error):
                        total += each.memory_info().rss
    return total
