"""Curriculum: BM25 negatives until a given step, then the model's own, in one run without a seam.

ANCE itself is such a curriculum, with its BM25 warm-up as a run of its own. Here the switch is a setting, so that it
can be moved: too early and negatives are too hard for what the model knows, too late and BM25's have nothing left.
"""

from ..config import RunConfig
from ..errors import ConfigError
from ..samplers import Curriculum, TopK
from .base import Parameter, Recipe


def _sampler(config: RunConfig) -> Curriculum:
    depth, at = config.negatives.pool_depth, config.method.switch_at
    if at is None:
        at = config.steps // 2
    elif not 1 <= at < config.steps:
        raise ConfigError(
            f"method.switch_at: {at} leaves one of the two samplers unused; choose 1 to {config.steps - 1}, "
            "or recipe 'bm25' or 'ance'"
        )
    return Curriculum(TopK("bm25", depth), TopK("own", depth), at)


RECIPE = Recipe(
    name="curriculum",
    title="Curriculum",
    idea="First what word matching confuses, then what the model itself confuses. The step at which one gives way to "
    "the other is the only parameter.",
    citation="BM25 warm-up, then ANCE: Xiong et al. 2021 (ANCE), section 4",
    formula=r"d^- \sim U(\mathrm{BM25}_K(q) \setminus D^+_q) \text{ before } t_0, "
    r"\; U(\mathrm{top}_K(q) \setminus D^+_q) \text{ from } t_0",
    sampler=_sampler,
    pools=("bm25", "own"),
    uses=("switch_at",),
    defaults={"refresh": {"mode": "sync", "every": 100}},
    parameters=(
        Parameter(
            "switch",
            "method.switch_at",
            "warm-up checkpoint at 60K steps",
            "",
            "half of the steps",
            "ANCE, README",
        ),
    ),
    differs=(
        "ANCE warms up in a run of its own, with an optimizer and a schedule of its own; here nothing restarts.",
        "The own pool is mined from the first step on, though it is drawn from only after the switch.",
    ),
)
