"""The oracle: negatives in proportion to the gradient they cause at the output layer, from the model's own ranking.

Not a method of a paper but the bound in one: ANCE's argument (Xiong et al. 2021, Eq 4-12) is that such a sampler makes
the variance of the gradient smallest, and that drawing from the top of the model's own ranking comes near it. Norms are
computed in closed form when the pool is mined. Here the loss is not weighted: what is drawn often counts often, as in
ANCE as it is run, and the objective leans to what is hard. `oracle-weighted` is the argument to the letter.
"""

from ..samplers import GradientNorm
from ..samplers.gradient import log_gradient_norms
from .base import Parameter, Recipe

RECIPE = Recipe(
    name="oracle",
    title="Oracle",
    idea="Draw each candidate as often as its gradient is long. It is the sampler that ANCE's convergence argument calls "
    "optimal and that ANCE approximates by taking what ranks highest.",
    citation="Xiong et al. 2021 (ANCE), Eq 10-12",
    formula=r"p(d \mid q) \propto \lVert \nabla_{(q,d^+,d)}\, \ell \rVert_2 "
    r"= \sigma(s(q,d) - s(q,d^+)) \sqrt{\lVert d^+ - d \rVert^2 + 2 \lVert q \rVert^2}",
    sampler=lambda config: GradientNorm("own", config.negatives.pool_depth),
    pools=("own",),
    weigh=log_gradient_norms,
    defaults={"refresh": {"mode": "sync", "every": 100}},
    parameters=(
        Parameter(
            "p", "", "norm of the full gradient", "", "norm at the output embeddings", "Eq 10; bound in Eq 11"
        ),
        Parameter(
            "weight of a pair",
            "",
            "1 / (N p)",
            "1",
            "1; recipe `oracle-weighted`: 1 / (N p)",
            "Eq 4; run_ann.py:258-279",
        ),
        Parameter(
            "pool",
            "negatives.pool_depth",
            "the corpus",
            "",
            "the model's own top: 5 % of the corpus, 20 to 200",
        ),
    ),
    differs=(
        "Some renderings of the paper print the squared norm in Eq 10. The norm itself makes the variance smallest; draws "
        "by its square have the variance of uniform ones.",
        "Eq 10 is over all documents; here over the model's own pool, outside of which gradients are near zero (Eq 12).",
        "Norms are those of the weights at the last refresh, not of the step.",
        "Without the weight 1 / (N p) of Eq 4 the objective is no longer the mean over the pool, as in ANCE itself.",
    ),
)
