"""What a run spends on a query: arms that differ in it are not ranked against each other.

More negatives a query, another loss, or passages shared within a batch change the result whatever the sampler does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .settings import flatten

WHOLE_BATCH = ("star", "ance-tele")  # every passage of the batch is a negative of every query


class Budget(NamedTuple):
    """n: negatives a query and step. loss: pairwise, softmax or listwise. shared: whether a batch shares its passages."""

    n: int
    loss: str
    shared: bool

    def __str__(self) -> str:
        negatives = "1 negative" if self.n == 1 else f"{self.n:,} negatives"
        return f"{negatives} a query, {self.loss} loss" + (", shared within the batch" if self.shared else "")


def budget_of(config: Mapping[str, Any]) -> Budget:
    """The budget of a run from its config, nested or with dotted keys; settings that older runs lack count as they were.

    >>> budget_of({"recipe": "in-batch", "batch_size": 32})
    Budget(n=31, loss='softmax', shared=True)
    >>> str(budget_of({"recipe": "ance", "negatives": {"per_query": 1}}))
    '1 negative a query, pairwise loss'
    """
    flat = flatten(config)
    recipe, batch = str(flat.get("recipe")), int(flat.get("batch_size") or 32)
    own = int(flat.get("negatives.per_query") or 1)
    said = flat.get("objective.kind")
    if recipe == "adore":
        return Budget(int(flat.get("negatives.pool_depth") or 200), "listwise", shared=False)
    if recipe == "in-batch":
        return Budget(batch - 1, str(said or "softmax"), shared=True)
    if recipe in WHOLE_BATCH or flat.get("negatives.in_batch"):
        loss = "softmax" if recipe == "ance-tele" else str(said or "pairwise")
        return Budget(batch - 1 + batch * own, loss, shared=True)
    return Budget(own, str(said or "pairwise"), shared=False)
