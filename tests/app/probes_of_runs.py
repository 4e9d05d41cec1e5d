"""Probes with invented norms, for tests of the page *Gradients*; no training is involved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ance_core.data import load_dataset
from ance_core.runs import probes

from . import store_of_runs as invented

SAMPLERS = {"random": -2.0, "bm25": -1.0, "ance": 0.5}  # log10 of the median norm
QUERIES = 12


def tiny_run(
    folder: Path, method: str = "ance", seed: int = 0, *, checkpoint: bool = True, **changes: Any
) -> Path:
    """A finished run on the corpus `tiny`, whose texts can be had; its folder. changes: for `finished`."""
    dataset = {"name": "tiny", "fingerprint": load_dataset("tiny").fingerprint, "docs": 24, "queries": 20}
    name = f"{method}-tiny-{seed}"
    invented.finished(folder, method, seed, steps=100, name=name, data="tiny", dataset=dataset, **changes)
    if checkpoint:
        (folder / name / "checkpoints" / "step-00000100").mkdir(parents=True)
        (folder / name / "checkpoints" / "step-00000100" / "manifest.json").write_text("{}")
    return folder / name


def table(step: int, samplers: dict[str, float] | None = None) -> pd.DataFrame:
    """A probe's table: QUERIES instances a sampler; the norms of a sampler are known up to a factor."""
    noise = np.random.default_rng(step)
    parts = []
    for place, (name, center) in enumerate((samplers or SAMPLERS).items()):
        total = 10 ** (center + 0.4 * noise.normal(size=QUERIES))
        rank = noise.integers(0, 20, QUERIES)
        columns = {
            "sampler": name,
            "query": np.arange(QUERIES, dtype=np.int32),
            "positive": np.arange(QUERIES, dtype=np.int32),
            "document": ((np.arange(QUERIES) + 1 + place) % 24).astype(np.int32),
            "source": name,
            "probability": 0.05,
            "hidden": np.arange(QUERIES) == 0,
            "rank": rank,
            "positive_rank": np.arange(QUERIES) % 3,
            "score": -rank.astype(float),
            "positive_score": 1.0,
            "loss": total / 2,
            "output": total / 10,
            "total": total,
            "band/embeddings": 0.6 * total,
            "band/head": 0.8 * total,
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def probe(run: Path, *steps: int, samplers: dict[str, float] | None = None) -> None:
    """Store probes of a run."""
    for step in steps:
        probes.write(run, step, table(step, samplers))


def variance(run: Path, step: int) -> None:
    """Store variances of a run: `bm25` has no weighted form."""
    rows = [
        {"sampler": "random", "weighted": 3.0, "as_run": 3.0, "bias": 0.0, "cosine": 1.0},
        {"sampler": "bm25", "weighted": None, "as_run": 12.0, "bias": 1.5, "cosine": 0.9},
        {"sampler": "p ~ output norm", "weighted": 1.02, "as_run": 20.0, "bias": 2.0, "cosine": 0.8},
    ]
    found = {"queries": 4, "negatives": 23.0, "uniform": 3.0, "ordered": True, "samplers": rows}
    probes.write_variance(run, step, found)
