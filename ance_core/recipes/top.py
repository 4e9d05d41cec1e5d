"""Top: the n candidates that rank highest in the model's own ranking, all of them at every step. A control.

SimANS argues against exactly these (Zhou et al. 2022, Figure 1 and Table 6): the very top holds unjudged positives.
"""

from ..config import RunConfig
from ..errors import ConfigError
from ..samplers import UniformTop
from .base import Parameter, Recipe


def sampler(config: RunConfig) -> UniformTop:
    """Uniform over the first n, of which n are drawn. ConfigError for a pool that holds fewer."""
    n, depth = config.negatives.per_query, config.negatives.pool_depth
    if n > depth:
        raise ConfigError(
            f"negatives.per_query: {n} asked of the top of a pool of {depth}; lower it, or raise negatives.pool_depth"
        )
    return UniformTop("own", depth, top=n)


RECIPE = Recipe(
    name="top",
    title="Top n",
    idea="Take what ranks highest, and nothing else. It is what mining hard negatives first suggests, and where "
    "unjudged positives stand.",
    citation="Top-k sampling in Zhou et al. 2022 (SimANS), Table 6",
    formula=r"\{d^-_1, \dots, d^-_n\} = \mathrm{top}_n(q) \setminus D^+_q",
    sampler=sampler,
    pools=("own",),
    defaults={"refresh": {"mode": "sync", "every": 100}},
    parameters=(
        Parameter("n", "negatives.per_query", "15", "", "1, as all methods", "Zhou et al. 2022, appendix D"),
    ),
)
