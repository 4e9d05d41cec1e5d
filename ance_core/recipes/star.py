"""STAR: static hard negatives and random ones in one loss, the random ones for nothing.

Initialisation: the warm-up model, which also ranks the corpus once. Sampler: one draw a query, uniform from its
static top 200; every other passage of the batch beside it. Objective: pairwise NLL over all pairs of the batch
(authors' code), or alpha L_r + L_s (paper). Refresh: never.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..config import RunConfig
from ..samplers import SOURCES, Weighted, WholeBatch
from .base import Parameter, Preset, Recipe

if TYPE_CHECKING:
    from ..objectives import Objective


def own_objective(config: RunConfig) -> Callable[[], Objective] | None:
    """The paper's loss where alpha is given; the code's, which is the pairwise one, otherwise."""
    alpha = config.method.alpha
    if alpha is None:
        return None

    def make() -> Objective:
        from ..objectives import StarLoss

        return StarLoss(alpha, SOURCES.index("in-batch"))

    return make


RECIPE = Recipe(
    name="star",
    title="STAR",
    idea="A static list of hard negatives goes stale and pulls training astray. Random negatives beside it keep the "
    "rest of the corpus in place, and the other passages of the batch are random negatives already encoded.",
    citation="Zhan et al. 2021 (STAR/ADORE), SIGIR, Eq 13; code: jingtaozhan/DRhard 15e2235, model.py:126-182",
    formula=r"\frac{1}{|P|}\sum_{(q,d^+,d^-) \in P} \log(1 + e^{s(q,d^-) - s(q,d^+)}) \;\text{ or }\; \alpha L_r + L_s",
    sampler=lambda config: WholeBatch(Weighted("own", config.negatives.pool_depth)),
    own_objective=own_objective,
    own_loss="star",
    shares_batch=True,
    pools=("own",),
    own_source="static",
    uses=("alpha",),
    differs=(
        "Paper and code differ: Eq 13 weighs random negatives with alpha, the code has no alpha and one mean over all "
        "B(B-1) + B^2 pairs (model.py:182), so that a query's own hard negative is 1 pair in about 2B.",
        "In the paper's form hard negatives are a query's own; all else in the batch is random to it and is recorded "
        "as in-batch.",
        "Pools are cut to what is left of a small corpus; the authors' script stops with an error "
        "(star/prepare_hardneg.py:68).",
        "AdamW instead of LAMB.",
        "The static list is of the training queries; the README's command makes it for those of dev (`--mode dev`), which "
        "training has no use for.",
    ),
    parameters=(
        Parameter(
            "alpha",
            "method.alpha",
            paper="in Eq 13; value not verified",
            code="absent: all pairs alike",
            here="absent; preset paper: 1",
            where="model.py:182, DRhard issue 20",
        ),
        Parameter(
            "static pool",
            "negatives.pool_depth",
            code="200",
            here="5 % of the corpus, 20 to 200",
            where="star/prepare_hardneg.py:60-70",
        ),
        Parameter(
            "hard negatives a query and step",
            "negatives.per_query",
            code="1",
            here="1",
            where="star/train.py:203-211",
        ),
        Parameter("batch", "batch_size", code="256", here="32", where="star/train.py:121-146"),
        Parameter(
            "optimiser, rate",
            "optimizer.learning_rate",
            code="LAMB, 1e-4",
            here="AdamW, searched once for all methods",
            where="star/train.py:121-146",
        ),
        Parameter(
            "positive of a step",
            code="random among the judged",
            here="the same",
            where="dataset.py:162",
        ),
        Parameter("start", code="ANCE's BM25 warm-up", here="the shared BM25 warm-up", where="README"),
    ),
    presets={
        "authors_code": Preset(
            {}, "All pairs of the batch in one mean; alpha is left unset, which is the default."
        ),
        "paper": Preset(
            {"method": {"alpha": 1.0}},
            "Eq 13, random and hard pairs averaged apart. Its alpha could not be verified; 1 weighs both kinds alike.",
        ),
    },
)
