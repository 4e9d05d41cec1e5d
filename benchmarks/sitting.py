"""A training that ends when whoever watches it has seen enough."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ance_core.data import Dataset
from ance_core.runs import Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

ENDLESS = 1_000_000
NO_MILESTONES = {"eval_every": ENDLESS, "snapshot_every": 0, "checkpoint_every": 0}


class Enough(Exception):
    """Raised by a watcher to leave the training loop."""


def watch_training(dataset: Dataset, settings: dict[str, Any], watch: Callable[[Any], None]) -> None:
    """The loop of `ance train` on `dataset` without a warm-up, `watch` called after every update."""
    config = resolve({"data": dataset.name, "steps": ENDLESS, "warmup": {"recipe": "none"}, **settings})
    with tempfile.TemporaryDirectory() as folder, suppress(Enough):
        train_runs([config], Store(Path(folder), create=True), dataset=dataset, watch=watch)


def pool_settings(dataset: Dataset) -> dict[str, Any]:
    """Pools of 200, or of less than half of a corpus that is smaller."""
    return {"pool_depth": min(200, len(dataset.docs) // 2 - 1)}
