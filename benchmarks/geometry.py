"""All measures of an embedding space, for one snapshot; target: half a second for 3,000 documents and queries.

Vectors of 128 dimensions as a snapshot holds them, in half precision, drawn from a Gaussian. What compares all
pairs looks at a sample of 2,048 rows, so that the rest decides how the time grows with the size.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from ance_core.probes.geometry import Neighbours, measure_snapshot

from .rows import Row
from .stats import Spread

DIMS = 128


def run(quick: bool) -> Iterator[Row]:
    """A row a size: seconds for queries, documents and both, with pairs and the snapshot before."""
    for size, target in ((200, None),) if quick else ((3_000, 0.5), (10_000, None), (100_000, None)):
        arrays, pairs, before = _snapshot(size)
        seconds = []
        for _ in range(2 if quick else 10):
            start = time.perf_counter()
            measure_snapshot(arrays, pairs, before)
            seconds.append(time.perf_counter() - start)
        what = f"{size:,} documents, {size:,} queries"
        yield Row(what, Spread.of(np.array(seconds)), "s", target, at_least=False)


def _snapshot(size: int) -> tuple[dict[str, np.ndarray], np.ndarray, dict[str, Neighbours]]:
    generator = np.random.default_rng(0)
    arrays = {
        name: generator.standard_normal((size, DIMS), np.float32).astype(np.float16)
        for name in ("queries", "documents")
    }
    pairs = np.stack([np.arange(size), generator.permutation(size)], axis=1)
    return arrays, pairs, measure_snapshot(arrays, pairs).neighbours
