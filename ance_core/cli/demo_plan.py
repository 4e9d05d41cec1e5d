"""What the demo trains: stages, each of runs that train side by side.

Of one collection first the methods that take one negative a query and the pairwise loss: they differ in where that
negative comes from, and in nothing else but for DANCE, which normalises scores and adds a second contrast. Beside them
those that get more: `in-batch`, `star` and `ance-tele` use what the batch holds. Then ADORE, which starts where STAR
ended, and on `catalogue` one run that goes wrong: ANCE from noise after a start too short for hard negatives, whose space
closes into a cone. All other settings are the collection's defaults (`ance tune`), the same for all; no method has any of
its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

EQUAL = ("random", "bm25", "ance", "dance", "simans")
WHOLE_BATCH = ("in-batch", "star", "ance-tele")
COLLAPSING = {
    "encoder": {"init": "random"},
    "warmup": {"steps": 20},
}  # ANCE from a start that knows nothing yet
COLLAPSED_STEPS = 300  # enough to see it fall; with twice as many the space opens a little again
PROBES = {"probe_every": 200}  # so that *Gradients* has its figures over training without a click
PROBED, PROBED_QUERIES = "ance", 128  # under whose last weights every sampler is measured


class Arm(NamedTuple):
    """A run of the demo. more: settings besides the recipe. after: the recipe of the run whose end it starts from."""

    recipe: str
    more: dict[str, Any]
    after: str | None = None


Stage = tuple[Arm, ...]


def stages(data: str, steps: int) -> list[Stage]:
    """What is trained on a collection, so many steps: on `pydocs` fewer methods, since it stands beside `catalogue`."""
    if data == "pydocs":
        return [tuple(Arm(recipe, {}) for recipe in (*EQUAL, "in-batch", "star"))]
    whole = tuple(Arm(recipe, {}) for recipe in (*EQUAL, *WHOLE_BATCH))
    if data != "catalogue":
        return [whole, (Arm("adore", {}, after="star"),)]
    collapsed = Arm("ance", COLLAPSING | {"steps": min(steps, COLLAPSED_STEPS), "name": "ance-collapsed"})
    return [whole, (Arm("adore", {}, after="star"), collapsed)]
