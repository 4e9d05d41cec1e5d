"""The collapse light: is the space still one in which texts can be told apart?

Two symptoms, each with two thresholds, on queries and on documents; the worst decides.

- Mean cosine above CONE: all vectors lie in a narrow cone, and scores differ by little. Published dense
  retrievers were found with unrelated texts above .95.
- Effective rank below so many hundredths of the dimensions (never below 2): the vectors use a few directions
  only, called dimensional collapse (Jing, Vincent, LeCun and Tian 2022, ICLR).

The thresholds are this project's: amber is where it pays to look at the curves, red where ranking has
nothing left to work with. A narrow cone alone need not hurt ranking, since a part common to all documents adds
the same to every score of a query; the dev measure beside it has the last word. A training that crosses the red
limit of the mean cosine logs the event `collapse` (`training/observe.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

CONE = {"amber": 0.5, "red": 0.9}
RANK_SHARE = {"amber": 0.2, "red": 0.05}
Colour = Literal["green", "amber", "red", "unknown"]
_ORDER: tuple[Colour, ...] = ("unknown", "green", "amber", "red")


@dataclass(frozen=True)
class Light:
    """A colour and the sentence that explains it."""

    colour: Colour
    reason: str


def least_rank(dims: int, colour: str) -> float:
    """The effective rank below which vectors of `dims` dimensions are amber or red."""
    return max(2.0, RANK_SHARE[colour] * dims)


def collapse_light(mean_cosine: float, effective_rank: float, dims: int, what: str) -> Light:
    """The light for one set of vectors; `what` names it in the sentence ("queries")."""
    if not (np.isfinite(mean_cosine) and np.isfinite(effective_rank)):
        return Light("unknown", f"{what}: too few vectors to say")
    said: list[tuple[Colour, str]] = []
    for colour in ("red", "amber"):
        least = least_rank(dims, colour)
        if mean_cosine > CONE[colour]:
            said.append((colour, f"mean cosine {mean_cosine:.2f} is above {CONE[colour]:g}"))
        if effective_rank < least:
            said.append((colour, f"effective rank {effective_rank:.1f} of {dims} is below {least:.1f}"))
        if said:
            return Light(colour, f"{what}: {' and '.join(reason for _, reason in said)}")
    return Light(
        "green", f"{what}: mean cosine {mean_cosine:.2f}, effective rank {effective_rank:.1f} of {dims}"
    )


def worst(lights: list[Light]) -> Light:
    """The worst of several lights, with the reasons of all that show it; unknown only where all are."""
    colour = max((light.colour for light in lights), key=_ORDER.index)
    return Light(colour, "; ".join(light.reason for light in lights if light.colour == colour))
