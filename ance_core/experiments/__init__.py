"""Experiments: comparing runs with paired statistics, searching with a trained model.

`search` loads an encoder; import it from `ance_core.experiments.search`, so that comparing stays light.
"""

from .compare import Comparison, compare
from .statistics import Effect, Verdict, holm, paired_effect, verdicts

__all__ = ["Comparison", "Effect", "Verdict", "compare", "holm", "paired_effect", "verdicts"]
