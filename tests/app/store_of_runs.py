"""A folder of runs with smooth invented curves, for tests of the pages; no training is involved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ance_core.config import RunConfig
from ance_core.runs import RunWriter, Store

CEILING = {
    "random": 0.42,
    "bm25": 0.46,
    "bm25+random": 0.48,
    "static-hard": 0.505,
    "in-batch": 0.51,
    "ance": 0.52,
}
BANDS = {"embeddings": 0.8, "bottom": 0.35, "top": 0.3, "head": 0.4}
QUERIES = [
    f"q{i}" for i in range(20)
]  # of a split's sample; what they score is spread about the mean of the curve
SPREAD = np.tile([-0.1, 0.1], 10)
DATASET = {"name": "pydocs", "fingerprint": "0123456789abcdef", "docs": 2736, "queries": 2736}


def new_run(
    folder: Path, method: str, seed: int = 0, *, name: str | None = None, **changes: Any
) -> RunWriter:
    """A writer for a run; `changes` go into its config, `kind` and `dataset` into its run.json."""
    meta = {"kind": changes.pop("kind", "run"), "dataset": changes.pop("dataset", DATASET)}
    config = RunConfig(recipe=method, seed=seed, **changes).model_dump()
    return Store(folder, create=True).create_run(
        name or f"{method.replace('+', '-')}-pydocs-{seed}", config, **meta
    )


def record(
    run: RunWriter,
    method: str,
    seed: int,
    first: int,
    last: int,
    steps: int = 600,
    watched: Sequence[str] = ("dev",),
    moved: bool = False,
) -> None:
    """Write the steps `first`..`last` (both included): loss, gradient norms, evaluations, refreshes; moved: distances."""
    noise = np.random.default_rng([seed, len(method), 7])
    top = CEILING.get(method, 0.45) + 0.01 * math.sin(seed * 2.1)
    for step in range(1, last + 1):
        wave = noise.normal(size=6)
        if step < first:
            continue
        course = 1 - math.exp(-step / 160)
        values = {
            "loss": 0.15 + 1.4 * (1 - top * course) ** 2 + 0.05 * wave[0],
            "lr": 1e-3 * (1 - step / steps),
        }
        total = (0.05 + top) * math.exp(-step / 900) * math.exp(0.15 * wave[1])
        values |= {"grad_norm/total": total}
        values |= {f"grad_norm/{band}": total * share for band, share in BANDS.items()}
        if moved and step % 10 == 0:
            values |= {"weights/distance": top * math.sqrt(step)}
        if step == 1 or step % 50 == 0:
            quality = 0.3 + (top - 0.3) * course + 0.004 * wave[2]
            for place, split in enumerate(watched):
                means = {m: v - 0.08 * place for m, v in scores(quality).items()}
                values |= {f"{split}/{m}": v for m, v in means.items()}
                run.queries.evaluation(step, split, QUERIES, {m: v + SPREAD for m, v in means.items()})
        run.scalars(step, values, seconds=step / (150 + 10 * seed), examples=32 * step)
        if method == "ance" and step % 100 == 0:
            record_refresh(run, step)
    run.heartbeat(last, "running")


def record_refresh(run: RunWriter, step: int) -> None:
    seconds = {"seconds_encode": 0.2, "seconds_index": 0.01, "seconds_search": 0.1, "seconds_total": 0.31}
    jaccard = 1 - math.exp(-step / 300)
    run.refresh(
        {"step": step, "index_step": step, "active_step": step, "jaccard": jaccard, "queries": 9, **seconds}
    )


def scores(quality: float) -> dict[str, float]:
    """Four measures of one quality."""
    return {
        "nDCG@10": quality + 0.05,
        "RR@10": quality,
        "R@100": quality + 0.3,
        "Success@1": quality - 0.1,
    }


def finished(
    folder: Path,
    method: str,
    seed: int = 0,
    steps: int = 600,
    splits: Sequence[str] = (),
    watched: Sequence[str] = ("dev",),
    moved: bool = False,
    **changes: Any,
) -> str:
    """A whole run with results, on `splits` beside dev and test, and curves of `watched`; its name."""
    changes = {**changes, "record": {"eval_splits": watched}}
    run = new_run(folder, method, seed, steps=steps, **changes)
    record(run, method, seed, 1, steps, steps, watched, moved)
    top = CEILING.get(method, 0.45) + 0.01 * math.sin(seed * 2.1)
    results = {"dev": scores(top + 0.01), "test": scores(top)}
    results |= {split: scores(top - 0.1 - 0.02 * place) for place, split in enumerate(splits)}
    rows = {"query_id": ["q1"], "split": ["test"], **{k: [v] for k, v in results["test"].items()}}
    training = {"training": {"seconds": steps / 150, "steps": steps, "examples": 32 * steps}}
    run.finish("finished", results | training, pd.DataFrame(rows))
    return run.name


def begun(folder: Path, method: str, seed: int = 0, at: int = 230, **changes: Any) -> RunWriter:
    """A run at work, by this process, at step `at` of 600. Close the writer when done."""
    run = new_run(folder, method, seed, **changes)
    record(run, method, seed, 1, at)
    run.heartbeat(at, "running", steps=600)
    run.flush()
    return run


def dead(folder: Path, method: str, seed: int = 0, at: int = 310) -> str:
    """A run whose process went without a word; its name."""
    run = begun(folder, method, seed, at)
    run.close()
    return run.name
