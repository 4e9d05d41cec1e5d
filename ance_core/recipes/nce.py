"""NCE Neg: of the other queries' positives in the batch the one that scores highest, alone, with the pairwise loss.

The local baseline that ANCE sets itself against (Xiong et al. 2021, Table 1): as hard as a batch can be, and no harder.
"""

from ..samplers import InBatch
from .base import Recipe

RECIPE = Recipe(
    name="nce",
    title="Hardest in batch",
    idea="Of the other positives of the batch take the one that the model now confuses most, and only that. It is the "
    "hardest negative that costs no encoding; in a large corpus it is still an easy one.",
    citation="NCE Neg in Xiong et al. 2021 (ANCE), Table 1",
    formula=r"d^- = \arg\max_{d^+_{q'},\, q' \ne q} s(q, d), \quad \log(1 + e^{s(q,d^-) - s(q,d^+)})",
    sampler=lambda config: InBatch(),
    shares_batch=True,
    hardest=True,
    differs=(
        "Which negative is hardest depends on the weights of the step and on the whole batch, so that no probability is "
        "recorded for it.",
    ),
)
