"""BM25 negatives: what word matching ranks highest and no judge called relevant. Mined once, uniform, pairwise loss."""

from ..samplers import TopK
from .base import Recipe

RECIPE = Recipe(
    name="bm25",
    title="BM25",
    idea="Draw from what a word-matching ranker returns. Hard at first, but the list never changes: it teaches "
    "the model to disagree with BM25, not to mend its own mistakes.",
    citation="BM25 Neg in Xiong et al. 2021 (ANCE), Table 1",
    sampler=lambda config: TopK("bm25", config.negatives.pool_depth),
    pools=("bm25",),
    differs=(
        "The papers draw from the top 1000 or from the official triples; here from the top `pool_depth`.",
    ),
)
