"""What the demo trains: stages, each of runs that train side by side.

Of one collection first the methods that take one negative a query and the pairwise loss: they differ in where that
negative comes from, and in nothing else. Beside them those that get more: `in-batch`, `star` and `ance-tele` use what the
batch holds. Then ADORE, which starts where STAR ended. Settings are the collection's defaults (`ance tune`), the same for
all; no method has any of its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

EQUAL = ("random", "bm25", "ance", "dance", "simans")
WHOLE_BATCH = ("in-batch", "star", "ance-tele")
PROBES = {"probe_every": 200}  # so that *Gradients* has its figure without a click


class Arm(NamedTuple):
    """A run of the demo. more: settings besides the recipe. after: the recipe of the run whose end it starts from."""

    recipe: str
    more: dict[str, Any]
    after: str | None = None


Stage = tuple[Arm, ...]


def stages(data: str) -> list[Stage]:
    """What is trained on a collection: on `pydocs` fewer methods, since it stands beside `catalogue`."""
    if data == "pydocs":
        return [tuple(Arm(recipe, {}) for recipe in (*EQUAL, "in-batch", "star"))]
    whole = tuple(Arm(recipe, {}) for recipe in (*EQUAL, *WHOLE_BATCH))
    return [whole, (Arm("adore", {}, after="star"),)]
