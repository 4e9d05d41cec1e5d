"""BM25 + random: each draw is a BM25 negative or a random one. The mixture that DPR made the standard."""

from ..samplers import Mixture, TopK, Uniform
from .base import Recipe

RECIPE = Recipe(
    name="bm25+random",
    title="BM25 + random",
    idea="Mix hard lexical negatives with easy random ones: the first sharpen the top of the ranking, the "
    "second keep the rest of the corpus in its place.",
    citation="Karpukhin et al. 2020 (DPR); BM25+Rand Neg in Xiong et al. 2021 (ANCE), Table 1",
    sampler=lambda config: Mixture(
        (TopK("bm25", config.negatives.pool_depth), Uniform()),
        (1 - config.negatives.random_share, config.negatives.random_share),
    ),
    pools=("bm25",),
)
