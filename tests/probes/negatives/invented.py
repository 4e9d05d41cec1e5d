"""Small random records and spaces, and records written to a run's folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ance_core.probes.negatives import Space
from ance_core.runs.negatives import Buffer, write_part
from ance_core.samplers import SOURCES

N_DOCS, N_QUERIES, STEPS = 30, 12, 40


def columns(n: int = 600, seed: int = 0) -> dict[str, np.ndarray]:
    """Records with ties, repeats, unranked rows, missing scores and a dual contrast, by step."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n).round(1)
    score[rng.random(n) < 0.02] = np.nan
    document = rng.integers(0, N_DOCS, n)
    dual = rng.random(n) < 0.1
    return {
        "step": np.sort(rng.integers(1, STEPS + 1, n)),
        "query": rng.integers(0, N_QUERIES, n),
        "positive": rng.integers(0, N_DOCS, n),
        "document": np.where(dual, -1, document),
        "negative_query": np.where(dual, document % N_QUERIES, -1),
        "source": np.array(SOURCES)[rng.integers(0, 4, n)],
        "rank": rng.integers(-1, 300, n),
        "score": score,
        "positive_score": rng.normal(size=n).round(1),
        "probability": rng.random(n),
        "index_step": rng.integers(-1, 2, n) * 5,
        "hidden": rng.random(n) < 0.2,
    }


def write(run: Path, records: dict[str, np.ndarray], cuts: tuple[int, ...] = (20, STEPS)) -> None:
    """As a training would: one part up to each step of `cuts`."""
    before = 0
    for cut in cuts:
        buffer = Buffer()
        rows = (records["step"] > before) & (records["step"] <= cut)
        buffer.append({name: values[rows] for name, values in records.items()})
        write_part(run, buffer.split(None)[0])
        before = cut


def space(
    step: int = 0, *, queries: int = 8, docs: int = N_DOCS, n_docs: int = N_DOCS, seed: int = 0
) -> Space:
    """A random space over some of the dataset's queries and documents."""
    rng = np.random.default_rng([seed, step])
    return Space(
        step,
        rng.normal(size=(queries, 4)).astype(np.float32),
        np.sort(np.random.default_rng(1).permutation(N_QUERIES)[:queries]),
        rng.normal(size=(docs, 4)).astype(np.float32),
        np.sort(np.random.default_rng(2).permutation(n_docs)[:docs]),
        0.5,
        n_docs,
    )
