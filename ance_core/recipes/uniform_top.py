"""Uniform from the top m of the model's own ranking: ANCE with a short list. A control beside SimANS."""

from ..config import RunConfig
from ..errors import ConfigError
from ..samplers import UniformTop
from .base import Parameter, Recipe

TOP = 20


def sampler(config: RunConfig) -> UniformTop:
    """Uniform over the first m. ConfigError where m is less than what is drawn or more than the pool holds."""
    depth, n = config.negatives.pool_depth, config.negatives.per_query
    top = config.method.top or min(max(TOP, n), depth)
    if not n <= top <= depth:
        raise ConfigError(
            f"method.top: {top} must lie between negatives.per_query ({n}) and negatives.pool_depth ({depth})"
        )
    return UniformTop("own", depth, top=top)


RECIPE = Recipe(
    name="uniform-top",
    title="Uniform from the top",
    idea="Draw evenly from a short list of what ranks highest. Whoever weighs candidates by their scores has to be better "
    "than this, which needs no score at all.",
    citation="a control beside Zhou et al. 2022 (SimANS), Table 6",
    formula=r"d^- \sim U(\mathrm{top}_m(q) \setminus D^+_q), \quad \log(1 + e^{s(q,d^-) - s(q,d^+)})",
    sampler=sampler,
    pools=("own",),
    uses=("top",),
    defaults={"refresh": {"mode": "sync", "every": 100}},
    parameters=(Parameter("m", "method.top", "", "", "20, or the pool"),),
)
