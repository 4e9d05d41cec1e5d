"""Mixture: each draw is a BM25 negative, a random one or one from the model's own ranking, with shares of one's choice.

`bm25+random` is the mixture of the papers; this one adds the model's own candidates. Random ones keep the far corpus
in its place, BM25's do not go stale, the model's own are where it errs now.
"""

from ..config import RunConfig
from ..errors import ConfigError
from ..samplers import Mixture, Sampler, TopK, Uniform
from .base import Parameter, Recipe

USUAL = ("bm25", "random", "ann")
SOURCES = (*USUAL, "given")


def _sampler(config: RunConfig) -> Mixture:
    said = config.negatives.shares.said() or dict.fromkeys(USUAL, 1.0)
    live = {name: said[name] for name in SOURCES if said.get(name)}
    if "ann" not in live or len(live) < 2:
        raise ConfigError(
            f"negatives.shares: {said} must give 'ann' and another source a share above 0; without 'ann' choose recipe "
            "'bm25+random', with one source alone 'bm25', 'random', 'given' or 'ance'"
        )
    depth, total = config.negatives.pool_depth, sum(live.values())
    parts: dict[str, Sampler] = {
        "bm25": TopK("bm25", depth),
        "random": Uniform(),
        "ann": TopK("own", depth),
        "given": TopK("given", depth),
    }
    return Mixture(tuple(parts[name] for name in live), tuple(share / total for share in live.values()))


RECIPE = Recipe(
    name="mixture",
    title="Mixture",
    idea="Draw from several sources in turn, each with its share: word matching, chance, the model's own ranking, "
    "what came with the files. What one source cannot teach, another may.",
    citation="BM25+Rand in Karpukhin et al. 2020 (DPR) and Xiong et al. 2021 (ANCE), Table 1, with ANCE's own source",
    formula=r"p(d \mid q) = \sum_c \pi_c \, p_c(d \mid q), \quad c \in \{\mathrm{BM25}, \mathrm{random}, \mathrm{ANN}\}",
    sampler=_sampler,
    pools=("bm25", "own", "given"),
    defaults={"refresh": {"mode": "sync", "every": 100}},
    parameters=(
        Parameter(
            "shares", "negatives.shares", "BM25 and random", "", "bm25, random and ann alike", "ANCE, Table 1"
        ),
    ),
)
