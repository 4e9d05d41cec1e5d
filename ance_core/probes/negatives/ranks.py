"""Ranks of drawn negatives in bands: how deep in the pool a method draws, and where false negatives lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .counting import wilson

BANDS = ((1, 10), (11, 20), (21, 50), (51, 100), (101, 200), (201, None))
"""Ranks counted from 1, both ends included; narrow where the ranking is steep. The last one is open."""
_STARTS = np.array([first - 1 for first, _ in BANDS])  # ranks in the records count from 0


@dataclass(frozen=True)
class Rates:
    """drawn, hidden: (n,) counts. low, high: (n,) ends of the 95 % interval of hidden / drawn."""

    drawn: np.ndarray
    hidden: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """(n,) hidden / drawn; nan where nothing was drawn."""
        return np.where(self.drawn > 0, self.hidden / np.maximum(self.drawn, 1), np.nan)

    @property
    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends (n,); see `counting.wilson`."""
        return wilson(self.hidden, self.drawn)


def band_name(band: int) -> str:
    """`1–10`, and `not ranked` for what comes after the last band."""
    if band == len(BANDS):
        return "not ranked"
    first, last = BANDS[band]
    return f"{first}–{last}" if last else f"{first} on"


def band_of(rank: np.ndarray) -> np.ndarray:
    """(n,) int64 index into BANDS of ranks counted from 0; len(BANDS) where nothing was ranked (-1)."""
    band = np.searchsorted(_STARTS, rank, side="right") - 1
    return np.asarray(np.where(rank < 0, len(BANDS), band))


def ranks_by_phase(rank: np.ndarray, phase: np.ndarray, phases: int) -> np.ndarray:
    """(phases, bands + 1) records of each phase in each rank band, those without a rank last."""
    width = len(BANDS) + 1
    flat = np.bincount(phase.astype(np.int64) * width + band_of(rank), minlength=phases * width)
    return flat.reshape(phases, width)


def hidden_by_band(rank: np.ndarray, hidden: np.ndarray) -> Rates:
    """Drawn hidden relevants in each rank band, those without a rank last."""
    band = band_of(rank)
    width = len(BANDS) + 1
    return Rates(np.bincount(band, minlength=width), np.bincount(band[hidden], minlength=width))


def hidden_over_time(step: np.ndarray, hidden: np.ndarray, edges: np.ndarray) -> Rates:
    """Drawn hidden relevants in stretches of steps: after edges[i], up to edges[i + 1] inclusive."""
    stretch = np.searchsorted(edges, step, side="left") - 1
    inside = (stretch >= 0) & (stretch < len(edges) - 1)
    width = len(edges) - 1
    return Rates(
        np.bincount(stretch[inside], minlength=width),
        np.bincount(stretch[inside & hidden], minlength=width),
    )
