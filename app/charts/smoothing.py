"""Smoothing by a window in steps, for quantities measured at every step.

Two kinds; neither invents data beyond the ends:

- `centred`: the mean of the points within half a window on either side. Towards both ends the window narrows
  to half its width, so that the curve leans and lags as little as its noise allows.
- `trailing`: an exponentially weighted mean of the past whose weights have a mean age of half a window. It
  uses
  only what was known at the step, therefore lags by about that much. The weights are divided by their sum, so
  the start is not pulled towards zero (debiased).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np

Kind = Literal["centred", "trailing"]


def smooth(steps: np.ndarray, values: np.ndarray, window: int, kind: Kind) -> np.ndarray:
    """`values` (N,) measured at ascending `steps` (N,), smoothed over `window` steps; (N,) float64.

    Values that are not finite are left out of every mean and stay as they are. A window below 2 changes
    nothing.
    """
    steps, values = np.asarray(steps, float), np.asarray(values, float)
    finite = np.isfinite(values)
    if window < 2 or not finite.any():
        return values.copy()
    rule = _centred if kind == "centred" else _trailing
    smoothed = values.copy()
    smoothed[finite] = rule(steps[finite], values[finite], window / 2)
    return smoothed


def _centred(steps: np.ndarray, values: np.ndarray, half: float) -> np.ndarray:
    room = np.minimum(steps - steps[0], steps[-1] - steps)
    reach = np.clip(room, half / 2, half)
    first = np.searchsorted(steps, steps - reach, side="left")
    last = np.searchsorted(steps, steps + reach, side="right")
    # Sums of differences from the mean: running sums of large values would lose their last digits.
    middle = values.mean()
    total = np.concatenate([[0.0], np.cumsum(values - middle)])
    return middle + (total[last] - total[first]) / (last - first)


def _trailing(steps: np.ndarray, values: np.ndarray, age: float) -> np.ndarray:
    decay = np.exp(-np.diff(steps, prepend=steps[0]) / age)
    smoothed = np.empty_like(values)
    weighted = weight = 0.0
    for i, (keep, value) in enumerate(zip(decay, values, strict=True)):
        weighted, weight = keep * weighted + value, keep * weight + 1.0
        smoothed[i] = weighted / weight
    return smoothed


def thin(values: np.ndarray, most: int) -> np.ndarray:
    """Row numbers (ascending) of at most about `most` points that keep every visible peak.

    The series is cut into equal stretches, of which the lowest and the highest point stay, and both ends.
    """
    n = len(values)
    if n <= most:
        return np.arange(n)
    edges = np.linspace(0, n, most // 2 + 1).astype(int)
    filled = np.nan_to_num(np.asarray(values, float))
    kept = {0, n - 1}
    for start, end in pairwise(edges):
        kept.add(start + int(filled[start:end].argmin()))
        kept.add(start + int(filled[start:end].argmax()))
    return np.array(sorted(kept))
