"""Is one method better than another? Paired by query and by seed, with both in the interval. All of the project asks here.

    effect = paired_effect(ance, random)           # (S, Q) each: row s of both from the same seed
    effect.difference, effect.low, effect.high, effect.p, effect.scope
    verdicts([effect, other], smallest=0.01)       # higher, lower, equivalent or undecided, Holm-corrected

`crossed_mean` is the interval alone, `crossed_means` that of many tables at once; `pigeonhole_intervals` checks it another
way. How well p and intervals keep to what they say is measured by `benchmarks.statistics_check`; docs/statistics.md has
the table.
"""

from .crossed import CrossedMean, CrossedMeans, crossed_mean, crossed_means, half_width
from .effects import Effect, holm, paired_effect, ratio_of_means
from .pigeonhole import pigeonhole_intervals
from .verdicts import Verdict, verdicts

__all__ = [
    "CrossedMean",
    "CrossedMeans",
    "Effect",
    "Verdict",
    "crossed_mean",
    "crossed_means",
    "half_width",
    "holm",
    "paired_effect",
    "pigeonhole_intervals",
    "ratio_of_means",
    "verdicts",
]
