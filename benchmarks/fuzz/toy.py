"""A small run with a log, records, snapshots and a checkpoint, written without training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ance_core.runs import Store

STEPS = 20


def toy_run(folder: Path, name: str) -> Path:
    """Write it into the folder of runs; its own folder."""
    rng = np.random.default_rng(0)
    config = {"steps": STEPS, "recipe": "ance", "seed": 0, "data": "tiny"}
    dataset = {"name": "tiny", "fingerprint": "0" * 16, "docs": 24, "queries": 20}
    run = Store(folder, create=True).create_run(name, config, dataset=dataset)
    for step in range(1, STEPS + 1):
        run.scalars(step, {"loss": 1.0 / step, "dev/RR@10": 0.5}, seconds=step * 0.01, examples=step * 32)
        drawn = {
            "query": np.arange(8),
            "document": rng.integers(0, 24, 8),
            "source": "ann",
            "rank": np.arange(8),
        }
        run.negatives(
            {"step": step, "positive": np.arange(8), "score": rng.random(8), "positive_score": 0.5, **drawn}
        )
        if step % 10 == 0:
            vectors = {"queries": rng.random((20, 4)), "documents": rng.random((24, 4))}
            run.snapshot(step, {**vectors, "query_rows": np.arange(20), "document_rows": np.arange(24)})
            run.event(step, "refresh", f"pools of step {step}")
            with run.checkpoint(step) as place:
                (place / "weights").write_bytes(bytes(100))
    table = pd.DataFrame({"query_id": ["q1"], "split": ["dev"], "RR@10": [0.5]})
    run.finish("finished", {"dev": {"RR@10": 0.5}, "training": {"seconds": 1.0}}, table)
    return folder / name
