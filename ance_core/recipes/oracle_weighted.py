"""The oracle to the letter: drawn by gradient norm, and each pair's loss multiplied by 1 / (N p) (ANCE, Eq 4 and 10).

In expectation the gradient is that of uniform draws from the same pool, which is what `ance` follows; only its variance
is smaller. A tenth of the draws are uniform, so that no weight exceeds 10: norms are as old as the pool, and a
candidate that has become hard since would otherwise come rarely and with a huge weight.
"""

from dataclasses import replace

from ..samplers import GradientNorm
from .base import Parameter
from .oracle import RECIPE as ORACLE

FLOOR = 0.1

RECIPE = replace(
    ORACLE,
    name="oracle-weighted",
    title="Oracle, weighted",
    idea="Draw by gradient length and divide by the probability: the same gradient as uniform draws from the pool in "
    "the mean, with less variance. What changes against ANCE is noise and nothing else.",
    citation="Xiong et al. 2021 (ANCE), Eq 4 and 10",
    formula=r"p(d \mid q) \propto \lVert \nabla\, \ell \rVert_2, "
    r"\quad \frac{1}{N p(d \mid q)} \log(1 + e^{s(q,d) - s(q,d^+)})",
    sampler=lambda config: GradientNorm("own", config.negatives.pool_depth, floor=FLOOR),
    importance_weighted=True,
    parameters=(
        *ORACLE.parameters,
        Parameter("share of uniform draws", "", "0", "", "0.1: no weight above 10"),
    ),
    differs=(
        *ORACLE.differs[:3],
        "A tenth of the draws are uniform over the pool, which bounds the weights when norms have grown old.",
        "Several negatives a query are drawn without replacement and weighted by Des Raj's ordered estimator (1956).",
    ),
)
