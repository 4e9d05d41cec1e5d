"""Two sides take turns at the same work, each in a process of its own, one working while the other waits.

A side is a function `side(turns, **settings)`. It gets ready, then loops

    while turns.take():           # waits for its turn, starts the clock
        ...                       # one block of work
        turns.lap("", units)      # reads the clock: so many steps, documents, ...
        turns.give()              # the other side's turn

Processes of their own, because both sides keep global state (threads, accelerate's mixed precision) and both
must be set to the same number of threads before anything is imported.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from .stats import Pairs

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


@dataclass(frozen=True)
class Side:
    """`module:function` and its settings, as plain values that another process can be given."""

    function: str
    settings: dict[str, Any] = field(default_factory=dict)


class Turns:
    """A side's end of the line."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._start = (0.0, 0.0)
        self._laps: dict[str, np.ndarray] = {}

    def take(self) -> bool:
        """Wait for a turn and start the clock; False when there are no more turns."""
        go = bool(self._line.recv())
        self._start = clocks()
        return go

    def lap(self, name: str, units: float = 1.0) -> None:
        """Note the seconds a unit since the clock was started, by the wall and of the processor; start it again."""
        self._laps[name] = np.subtract(clocks(), self._start) / units
        self._start = clocks()

    def give(self) -> None:
        """Let the other side have its turn; report the laps of this one."""
        self._line.send(("done", self._laps))
        self._laps = {}


def clocks() -> tuple[float, float]:
    """Seconds by the wall and of this process's processor time."""
    return time.perf_counter(), time.process_time()


@dataclass(frozen=True)
class Laps:
    """What both sides measured, by name of the lap: (rounds, 2) seconds a unit by the wall and of the processor."""

    ours: dict[str, np.ndarray]
    theirs: dict[str, np.ndarray]

    def pairs(self, ours: str = "", theirs: str = "") -> Pairs:
        """A lap of ours beside one of theirs."""
        a, b = self.ours[ours], self.theirs[theirs]
        return Pairs(a[:, 0], b[:, 0], np.stack([a[:, 1], b[:, 1]], axis=1))


def duel(ours: Side, theirs: Side, *, rounds: int, threads: int, warm: int = 1) -> Laps:
    """`rounds` turns of each side after `warm` that do not count; who goes first changes from round to round."""
    laps: list[list[dict[str, np.ndarray]]] = [[], []]
    with _worker(ours, threads) as ours_line, _worker(theirs, threads) as theirs_line:
        lines = (ours_line, theirs_line)
        for turn in range(-warm, rounds):
            for side in (0, 1) if turn % 2 == 0 else (1, 0):
                measured = _turn(lines[side])
                if turn >= 0:
                    laps[side].append(measured)
    return Laps(*({name: np.array([lap[name] for lap in side]) for name in side[0]} for side in laps))


def _turn(line: Connection) -> dict[str, np.ndarray]:
    line.send(True)
    try:
        kind, value = line.recv()
    except EOFError:
        raise RuntimeError("a side of the benchmark died without a word") from None
    if kind == "failed":
        raise RuntimeError(f"a side of the benchmark failed:\n{value}")
    return dict(value)


@contextmanager
def _worker(side: Side, threads: int) -> Iterator[Connection]:
    line, their_end = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(side, threads, their_end))
    with _environment(threads):
        process.start()
    their_end.close()
    try:
        yield line
        line.send(False)
        process.join(timeout=60)
    finally:
        if process.is_alive():
            process.terminate()
        process.join()
        line.close()


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """Threads of torch, BLAS and the tokenizers, and no network: for a process started inside the block."""
    wanted = dict.fromkeys(THREAD_VARIABLES, str(threads))
    wanted |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true" if threads > 1 else "false"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(side: Side, threads: int, line: Connection) -> None:
    """The other process: run the side, quietly, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with Path(os.devnull).open("w") as void:
            os.dup2(void.fileno(), 1)
            os.dup2(void.fileno(), 2)  # progress bars of their training: drawn, and not shown
        try:
            import torch

            torch.set_num_threads(threads)
            module, name = side.function.split(":")
            getattr(importlib.import_module(module), name)(Turns(line), **side.settings)
        except Exception:
            line.send(("failed", traceback.format_exc()))
        os.chdir("/")
