"""One training of `benchmarks.numerics`, in a process whose environment is what varies.

    python -m benchmarks.numerics_child '{"config": {...}, "reverse": false, "at": [0, 1, 10], "folder": "..."}'

It trains in the store `folder`/runs, keeps the weights after the steps `at`, and writes found.json.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from ance_core.runs import Store
from ance_core.samplers import QueryBatch
from ance_core.training.checkpoint import weights_of
from ance_core.training.order import DataOrder
from ance_core.training.run import Training
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve


def reverse_batches() -> None:
    """Every batch of this process from back to front: the same queries, labels and draws, other orders of sums."""
    forwards = DataOrder.batch

    def backwards(self: DataOrder, step: int) -> QueryBatch:
        batch = forwards(self, step)
        return replace(batch, rows=batch.rows[::-1].copy(), label=batch.label[::-1].copy())

    DataOrder.batch = backwards  # type: ignore[method-assign]


def train(job: Mapping[str, Any]) -> None:
    """Train as `job` says."""
    folder, config = Path(job["folder"]), resolve(job["config"])
    if job["reverse"]:
        reverse_batches()

    def keep(training: Training) -> None:
        if training.config.recipe == config.recipe and training.step in job["at"]:  # not of a warm-up
            save_file(weights_of(training.model), folder / f"step-{training.step}.safetensors")

    (run,) = train_runs([config], Store(folder / "runs", create=True), watch=keep)
    shutil.copyfile(run.checkpoints()[0] / "model.safetensors", folder / "step-0.safetensors")
    found = {
        "rr": run.results()["test"]["RR@10"],
        "instruction_set": run.info["instruction_set"],
        "start": f"{run.info['init']['run']}@{run.info['init']['step']}",
    }
    (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    train(json.loads(sys.argv[1]))
