"""Frozen situations for *What-if sampler*, kept for a few steps; and forks started from there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from ance_core.data import Dataset
from ance_core.probes import whatif
from ance_core.runs import Run

from . import processes

KEPT = 4  # situations; and twice as many answers about them
_situations: OrderedDict[tuple[str, str, int], whatif.Situation] = OrderedDict()
_answers: OrderedDict[tuple[int, str], tuple[whatif.Situation, whatif.Imagined]] = OrderedDict()
_lock = Lock()


def situation_of(run: Run, step: int, dataset: Dataset) -> whatif.Situation:
    """The candidates of a run at a step. StoreError where they cannot be read."""
    key = (str(run.folder), str(run.info.get("id")), step)
    with _lock:
        if key not in _situations:
            labels = dataset.split("train").labels()
            _situations[key] = whatif.load_situation(run, step, labels, dataset.hidden, len(dataset.docs))
            while len(_situations) > KEPT:
                _situations.popitem(last=False)
        _situations.move_to_end(key)
        return _situations[key]


def imagined_of(known: whatif.Situation, settings: whatif.WhatIf) -> whatif.Imagined:
    """`imagine(known, settings)`, or its earlier result: moving one slider leaves what the run itself draws as it is."""
    key = (id(known), repr(settings))
    with _lock:
        if key not in _answers:
            _answers[key] = (
                known,
                whatif.imagine(known, settings),
            )  # kept with it, so that the id stays its own
            while len(_answers) > 2 * KEPT:
                _answers.popitem(last=False)
        _answers.move_to_end(key)
        return _answers[key][1]


@dataclass(frozen=True)
class Fork:
    """A fork of a run that draws as imagined. at: the checkpoint it begins from, the last one up to the step."""

    run: str
    at: int
    recipe: str
    settings: tuple[str, ...]
    steps: int | None
    folder: Path

    def arguments(self) -> list[str]:
        """Of the `ance` command."""
        more = ["--steps", str(self.steps)] if self.steps is not None else []
        where = ["fork", self.run, "--at", str(self.at), "--recipe", self.recipe]
        return [*where, *self.settings, *more, "--runs", str(self.folder)]


def fork_of(run: Run, step: int, settings: whatif.WhatIf) -> Fork | None:
    """The fork from the last checkpoint up to `step`; None where there is none."""
    earlier = [at for at in run.checkpoints() if at <= step]
    if not earlier:
        return None
    at, planned = max(earlier), int(run.info["config"]["steps"])
    steps = None if at < planned else at + planned  # as long again
    said = whatif.arguments(settings.settings(run.info["config"]))
    return Fork(run.name, at, settings.recipe, tuple(said), steps, run.folder.parent)


class Started:
    """A training that was started from the page, in a process of its own that outlives it.

    AnceError where the same is at work already, or as many as may be.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._command = [sys.executable, "-m", "ance_core", *arguments]
        self._process = processes.start(f"the training of a fork of {arguments[1]}", arguments, self._begin)

    def _begin(self) -> subprocess.Popen[bytes]:
        self._log = Path(tempfile.mkstemp(prefix="ance-fork-", suffix=".log")[1])
        with self._log.open("wb") as log:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # closing the dashboard's terminal does not end it
            )

    def failure(self) -> str:
        """The last line it wrote, if it has ended with an error; "" while it runs or when it went well."""
        if not self._process.poll():
            return ""
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with exit code {self._process.returncode}"

    @property
    def running(self) -> bool:
        """Whether it still trains."""
        return self._process.poll() is None
