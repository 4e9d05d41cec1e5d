"""Static hard negatives: mined once with the warmed-up model, then never again. The list goes stale as training moves."""

from ..samplers import TopK
from .base import Recipe

RECIPE = Recipe(
    name="static-hard",
    title="Static hard",
    idea="Mine the starting model's own mistakes once and train on them. As the model moves, the list goes "
    "stale: it pushes down documents that no longer rank high while others rise unseen.",
    citation="static hard negatives in Zhan et al. 2021 (STAR/ADORE), section 3",
    sampler=lambda config: TopK("own", config.negatives.pool_depth),
    pools=("own",),
    own_source="static",
)
