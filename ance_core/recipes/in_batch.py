"""In-batch negatives: the other queries' positives, cross-entropy over the batch, judged positives masked by id."""

from ..samplers import InBatch
from .base import Recipe

RECIPE = Recipe(
    name="in-batch",
    title="In-batch",
    idea="Use the positives of the other queries in the batch as negatives: many for the price of none. They "
    "are as easy as random ones, but the softmax picks out the hardest of them.",
    citation="Karpukhin et al. 2020 (DPR), section 3.2; NCE Neg in Xiong et al. 2021 (ANCE), Table 1",
    sampler=lambda config: InBatch(),
    loss="softmax",
    shares_batch=True,
    differs=(
        "Section 3 of ANCE gives the probability that a batch of b holds one of m informative negatives among N documents "
        "as b m / N^2. Counting gives 1 - (1 - m / N)^b, about b m / N: N times as much, and small all the same.",
        "NCE Neg in ANCE keeps only the hardest in-batch negative; here all of them share the softmax.",
    ),
)
