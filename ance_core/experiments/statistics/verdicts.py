"""What a family of paired effects lets one say: higher, lower, equivalent, or undecided and what would decide it.

higher, lower: Holm-corrected (1979) over the family; where a smallest effect of interest is named, p is of a difference
no larger than it, which is as if the corrected interval had to lie beyond it. equivalent: the 90 % interval lies within
plus or minus the smallest effect of interest (two one-sided tests, Schuirmann 1987), not corrected; without one
nothing is called equivalent. undecided: the rest.

Seeds that would decide: were the true difference the observed one, so many seeds would decide it in four of five
repetitions. Of the parts of the variance at S seeds, what varies over seeds and over pairs of seed and query is taken as
S / S' of it at S' seeds, what varies over queries alone stays; the least S' is taken at which the gap to the limit is
(t of the test + t of .8) standard errors, at the level that Holm's correction leaves this comparison now. Where that
holds for no S' up to MOST_SEEDS, queries are what is missing. With one seed it cannot be said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import stdtr, stdtrit

from ...errors import ConfigError
from .crossed import Components, interval, standard_error
from .effects import Effect, holm, holm_factors

Word = Literal["higher", "lower", "equivalent", "undecided"]

LEVEL = 0.05
POWER = 0.8
MOST_SEEDS = 1000
FALSE_ALARMS = {2: 0.115, 3: 0.074}
"""By number of seeds, the highest share of p below .05 where nothing differs, of `benchmarks.statistics_check`; with five
seeds and more it is near .05."""


@dataclass(frozen=True)
class Verdict:
    """word: what can be said of the difference. p_holm: corrected over the family, what `higher` and `lower` go by.

    seeds_needed: of an undecided one, None where no number of seeds would decide it, or none can be told.
    """

    word: Word
    p_holm: float
    scope: str
    seeds_needed: int | None = None

    @property
    def remedy(self) -> str:
        """What would decide an undecided one; empty for the others.

        >>> Verdict("undecided", 0.2, "seeds and queries", 12).remedy
        '12 seeds would decide it'
        """
        if self.word != "undecided":
            return ""
        if self.scope != "seeds and queries":
            return "train both on more seeds, the same ones: one says nothing of the others"
        if self.seeds_needed is None:
            return "no number of seeds would decide it: more queries needed"
        return f"{self.seeds_needed:,} seeds would decide it"


def verdicts(effects: Sequence[Effect], smallest: float | None = None, level: float = LEVEL) -> list[Verdict]:
    """The verdict on each effect, all of them being one family.

    smallest: effect of interest, in the unit of the differences. ConfigError where it is not positive.
    """
    check_smallest(smallest)
    p_values = np.array([beyond(effect, smallest) for effect in effects])
    known = ~np.isnan(p_values)
    corrected, levels = np.full(len(effects), np.nan), np.full(len(effects), level)
    corrected[known] = holm(p_values[known])
    levels[known] = level / holm_factors(p_values[known])
    return [
        _verdict(effect, float(p), smallest, level, float(own))
        for effect, p, own in zip(effects, corrected, levels, strict=True)
    ]


def description(family: int, smallest: float | None) -> dict[str, Any]:
    """How verdicts of a family of so many comparisons come about, ready for JSON."""
    return {
        "test": "crossed-variance t",
        "confidence": 0.95,
        "correction": "Holm",
        "family": family,
        "level": LEVEL,
        "smallest": smallest,
        "power_of_seeds_needed": POWER,
    }


def check_smallest(smallest: float | None) -> None:
    """ConfigError where the smallest effect of interest is not a positive number."""
    if smallest is not None and not 0 < smallest < np.inf:
        raise ConfigError(
            f"smallest: {smallest:g} is no effect of interest: name a positive difference of the measure, such as 0.01"
        )


def beyond(effect: Effect, smallest: float | None) -> float:
    """p of a true difference within plus or minus `smallest`; of 0 where none is named."""
    if not smallest or np.isnan(effect.p):
        return effect.p
    gap = abs(effect.difference) - smallest
    return float(2 * stdtr(effect.freedom, -gap / effect.error)) if gap > 0 else 1.0


def equivalent(effect: Effect, smallest: float | None, level: float = LEVEL) -> bool:
    """Whether two one-sided tests at `level` place the difference within plus or minus `smallest`."""
    if smallest is None:
        return False
    mean, error, freedom = map(np.asarray, (effect.difference, effect.error, effect.freedom))
    low, high = interval(mean, error, freedom, 1 - 2 * level)
    return bool(-smallest < low and high < smallest)


def seeds_to_decide(effect: Effect, smallest: float | None = None, level: float = LEVEL) -> int | None:
    """The seeds that would decide it, as the module's docstring says; None where no number would, or it has but one.

    level: of the test of `higher` and `lower`; that of equivalence is at LEVEL.
    """
    if effect.seeds == 1:
        return None
    seeds = np.arange(effect.seeds + 1, MOST_SEEDS + 1)
    share = effect.seeds / seeds
    rest = effect.rest * share
    parts = Components(effect.of_seeds * share, max(effect.of_queries - effect.rest, 0.0) + rest, rest)
    error, freedom = standard_error(parts, seeds, effect.queries)
    power = stdtrit(freedom, POWER)
    gap = abs(effect.difference) - (smallest or 0.0)
    decided = gap >= (stdtrit(freedom, 1 - level / 2) + power) * error
    if smallest is not None:
        decided |= -gap >= (stdtrit(freedom, 1 - LEVEL) + power) * error
    return int(seeds[decided.argmax()]) if decided.any() else None


def _verdict(effect: Effect, p: float, smallest: float | None, level: float, own: float) -> Verdict:
    if p < level:
        return Verdict("higher" if effect.difference > 0 else "lower", p, effect.scope)
    if equivalent(effect, smallest, level):
        return Verdict("equivalent", p, effect.scope)
    return Verdict("undecided", p, effect.scope, seeds_to_decide(effect, smallest, own))
