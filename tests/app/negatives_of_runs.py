"""Real runs on the embedded sample `tiny`, a few steps each: records, pools, snapshots and hidden relevants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ance_core.api import train

STEPS = 12


def trained(folder: Path, recipe: str, name: str | None = None, **changes: Any) -> str:
    """A finished run; its name."""
    record = {"snapshot_every": 4, "checkpoint_every": 4, "eval_every": 6} | changes.pop("record", {})
    if recipe in ("ance", "simans"):
        changes.setdefault("refresh", {"mode": "sync", "every": 4})
        changes.setdefault("negatives", {"pool_depth": 16})
    run = train(
        "tiny", recipe, runs=folder, steps=STEPS, name=name or recipe, warmup={"recipe": "none"}, record=record,
        labels_per_query=changes.pop("labels_per_query", 1), **changes,
    )  # fmt: skip
    return run.name
