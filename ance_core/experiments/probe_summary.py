"""What a probe's table says in numbers: norms by sampler, by rank and by difficulty, and how far the bound holds.

A table is what `runs.probes.read` returns. Nothing here loads a deep-learning library: the dashboard draws from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..runs import probes
from .statistics import crossed_mean, ratio_of_means

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 5
"""Instances below which a rank correlation says nothing."""


def layers(frame: pd.DataFrame) -> list[str]:
    """The columns of norms over parameters: `total`, then the bands in the encoder's order."""
    return ["total", *(name for name in frame.columns if name.startswith(probes.BAND))]


def summarise(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """By sampler: instances; mean, median and 95 % interval of the mean of the norm, in total and by band; how the
    mean compares with `random`'s; mean loss, difficulty and rank. Intervals are over queries, of this run and step only."""
    rows = []
    bands = [name for name in frame.columns if name.startswith(probes.BAND)]
    groups = {str(name): group.set_index("query") for name, group in frame.groupby("sampler", sort=False)}
    base = groups.get("random")
    for name, group in groups.items():
        norms = {"total": spread(group["total"].to_numpy()), "output": spread(group["output"].to_numpy())}
        norms |= {band.removeprefix(probes.BAND): spread(group[band].to_numpy()) for band in bands}
        row: dict[str, Any] = {"sampler": name, "instances": len(group), "norm": norms}
        if base is not None and name != "random":
            both = group.index.intersection(base.index)
            row["ratio_to_random"] = ratio(
                group.loc[both, "total"].to_numpy(), base.loc[both, "total"].to_numpy()
            )
        row["loss"] = float(group["loss"].mean())
        row["difficulty"] = float((group["score"] - group["positive_score"]).mean())
        row["median_rank"] = float(group["rank"].median())
        row["hidden_share"] = float(group["hidden"].mean())
        rows.append(row)
    return rows


def spread(values: np.ndarray) -> dict[str, float]:
    """Mean, median, and the interval of the mean over `values` (n,); its ends are NaN for a single one."""
    low, high = np.nan, np.nan
    if len(values) > 1:
        found = crossed_mean(values[None])
        low, high = found.low, found.high
    return {"mean": float(values.mean()), "median": float(np.median(values)), "low": low, "high": high}


def ratio(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """Mean of `a` over mean of `b` on the same queries, with its interval; NaN where there is none."""
    if len(a) < 2 or not b.any():
        value = float(a.mean() / b.mean()) if len(a) and b.any() else np.nan
        return {"ratio": value, "low": np.nan, "high": np.nan}
    found = ratio_of_means(a[None], b[None])
    return {"ratio": found.mean, "low": found.low, "high": found.high}


def distinct(frame: pd.DataFrame) -> pd.DataFrame:
    """Each instance once, whichever and however many samplers drew it."""
    return frame.drop_duplicates(["query", "positive", "document"])


def rank_edges(deepest: int) -> np.ndarray:
    """Edges of rank bands, counted from 1, two a factor of ten: 1, 4, 11, 31, 101, ... beyond `deepest`.

    A band is from its edge to just below the next: 1 to 3, 4 to 10, 11 to 30, 31 to 100.
    """
    inner = [base * 10**power + 1 for power in range(12) for base in (1, 3)][1:]
    edges = [1, *inner]
    return np.array(edges[: int(np.searchsorted(edges, deepest, side="right")) + 1])


def in_bands(values: np.ndarray, norms: np.ndarray, edges: np.ndarray) -> pd.DataFrame:
    """Mean and spread of norms (m,) in bands of values (m,): a row for each band that has any.

    Columns: low, high (its edges, low <= value < high), at (mean value), instances, mean, variance (of the sample;
    nan for one), p10, p90 (quantiles of the norm).
    """
    import pandas as pd

    band = np.searchsorted(edges, values, side="right") - 1
    rows = []
    for i in range(len(edges) - 1):
        own = norms[band == i]
        if not len(own):
            continue
        low, high = np.quantile(own, [0.1, 0.9])
        variance = float(own.var(ddof=1)) if len(own) > 1 else float("nan")
        at = float(values[band == i].mean())
        rows.append(
            (float(edges[i]), float(edges[i + 1]), at, len(own), float(own.mean()), variance, low, high)
        )
    columns = ["low", "high", "at", "instances", "mean", "variance", "p10", "p90"]
    return pd.DataFrame(rows, columns=columns)


def positive_rank(frame: pd.DataFrame) -> dict[str, float]:
    """Mean and median rank of the positive over the queries, counted from 1."""
    ranks = frame.drop_duplicates(["query", "positive"])["positive_rank"].to_numpy() + 1
    return {"mean": float(ranks.mean()), "median": float(np.median(ranks))}


def bound(frame: pd.DataFrame) -> pd.DataFrame:
    """Spearman's rank correlation of the norm at the output with that over parameters (ANCE, Eq 11).

    Columns: sampler (`all` first: every instance once), layer (as in `layers`), instances, rho, and factor, the largest
    norm / output norm: the least constant with which the bound holds for all of these. rho is nan below FEWEST
    instances, and where all norms are equal.
    """
    import pandas as pd

    groups: Sequence[tuple[str, pd.DataFrame]] = [("all", distinct(frame))]
    groups = [*groups, *((str(name), own) for name, own in frame.groupby("sampler", sort=False))]
    rows = []
    for name, own in groups:
        output = own["output"].to_numpy(float)
        for layer in layers(frame):
            norms = own[layer].to_numpy(float)
            known = output > 0
            factor = float((norms[known] / output[known]).max()) if known.any() else float("nan")
            rows.append((name, layer, len(own), rank_correlation(output, norms), factor))
    return pd.DataFrame(rows, columns=["sampler", "layer", "instances", "rho", "factor"])


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rho of a (m,) and b (m,); nan below FEWEST pairs or where either is constant."""
    from scipy.stats import spearmanr

    if len(a) < FEWEST or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(spearmanr(a, b).statistic)
