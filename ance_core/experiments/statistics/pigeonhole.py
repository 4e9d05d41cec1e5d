"""The pigeonhole bootstrap (Owen 2007): intervals of a mean over seeds and queries, to check `crossed_means` with.

Seeds and queries are drawn with replacement, each query for all seeds alike. It overstates what varies over pairs of
seed and query, and understates what varies over S seeds to (S - 1) / S of its variance: with few seeds it is too narrow
where they differ and too wide where they do not.
"""

from __future__ import annotations

import numpy as np

from ...rng import generator


def pigeonhole_intervals(
    values: np.ndarray, *, confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile intervals of the mean of each table in `values` (..., S, Q): low and high (...).

    The same draws serve all tables, and the same arguments give the same numbers.

    >>> low, high = pigeonhole_intervals(np.array([[0.0, 0.2, 0.1, 0.3], [0.1, 0.3, 0.2, 0.4]]))
    >>> bool(0 < low < 0.2 < high < 0.4)
    True
    """
    values = np.asarray(values, np.float64)
    seeds, queries = values.shape[-2:]
    draws = generator(seed, "pigeonhole bootstrap")
    of_seeds = draws.multinomial(seeds, np.full(seeds, 1 / seeds), resamples) / seeds  # (R, S)
    of_queries = draws.multinomial(queries, np.full(queries, 1 / queries), resamples) / queries  # (R, Q)
    means = np.einsum("...sr,rs->...r", values @ of_queries.T, of_seeds)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=-1)
    return low, high
