"""Given: the negatives that came with the dataset's files, mined by whoever made them. Uniform, pairwise loss."""

from ..samplers import TopK
from .base import Recipe

RECIPE = Recipe(
    name="given",
    title="Given",
    idea="Draw from the negatives that stand in the files beside each query. What model or method chose them, and when, "
    "only their maker knows; the list never changes.",
    citation="triplets and hard-negative files of DPR (Karpukhin et al. 2020), Tevatron and sentence-transformers",
    sampler=lambda config: TopK("given", config.negatives.pool_depth),
    pools=("given",),
    differs=(
        "The files' scores, where they have any, are not read: a query's first `pool_depth` candidates count alike.",
    ),
)
