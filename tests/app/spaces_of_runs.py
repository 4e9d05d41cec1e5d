"""Runs with snapshots of invented vectors, on the dataset `tiny`, so that texts can be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ance_core.data import load_dataset

from . import store_of_runs as invented

TINY = load_dataset("tiny")
QUERIES = TINY.split("train").labels().queries
DATASET = {"name": "tiny", "fingerprint": TINY.fingerprint, "docs": len(TINY.docs), "queries": len(QUERIES)}


def vectors(step: int, seed: int = 0, spread: float = 1.0) -> dict[str, np.ndarray]:
    """A snapshot in which queries move towards their positives; spread 0: all vectors are the same."""
    noise = np.random.default_rng(seed)
    documents = noise.standard_normal((len(TINY.docs), 16))
    labels = TINY.split("train").labels()
    positives = documents[[labels.of(i)[0] for i in range(len(labels))]]
    share = step / 400
    queries = share * positives + (1 - share) * noise.standard_normal(positives.shape)
    return {
        "documents": (spread * documents + (spread < 1)).astype(np.float32),
        "document_rows": np.arange(len(documents), dtype=np.int32),
        "queries": (spread * queries + (spread < 1)).astype(np.float32),
        "query_rows": QUERIES.astype(np.int32),
    }


def spaced(folder: Path, method: str = "ance", snapshots: dict[int, dict] | None = None, **changes) -> str:
    """A finished run with these snapshots (default: at 0, 100 and 200) and negatives drawn for every query."""
    if snapshots is None:
        snapshots = {step: vectors(step) for step in (0, 100, 200)}
    run = invented.new_run(folder, method, steps=200, data="tiny", **{"dataset": DATASET, **changes})
    for step, arrays in snapshots.items():
        run.snapshot(step, arrays)
    labels = TINY.split("train").labels()
    for step in (1, 150):
        run.negatives(
            {
                "step": np.full(len(QUERIES), step),
                "query": QUERIES,
                "positive": np.array([labels.of(i)[0] for i in range(len(labels))]),
                "document": np.array([(labels.of(i)[0] + step) % len(TINY.docs) for i in range(len(labels))]),
                "source": "ann",
            }
        )
    run.finish()
    return run.name
