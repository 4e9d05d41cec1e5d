"""ADORE: documents and their index stay as they are; the query tower trains on its own current ranking.

Initialisation: any finished run (`--start RUN`), in the paper STAR's; the shared warm-up otherwise. Negatives: all
of the current top K, searched anew at every step, so there is no refresh period and nothing goes stale.
Objective: pairwise NLL weighted by |1/r_i - 1/r_j|.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..config import RunConfig
from .base import Parameter, Preset, Recipe

if TYPE_CHECKING:
    from ..objectives import Objective


def _objective(config: RunConfig) -> Callable[[], Objective]:
    def make() -> Objective:
        from ..objectives import RankWeighted

        return RankWeighted(config.method.metric_cut or 200)

    return make


RECIPE = Recipe(
    name="adore",
    title="ADORE",
    idea="With documents frozen, searching is cheap enough to do at every step. The query tower then trains on "
    "exactly the ranking it produces now, each pair weighted by what its order is worth in reciprocal rank.",
    citation="Zhan et al. 2021 (STAR/ADORE), SIGIR; code: jingtaozhan/DRhard 15e2235, adore/train.py",
    formula=r"\operatorname{mean}_{i \in D^+, j \in D^-} \left|1/r_i - 1/r_j\right| \log(1 + e^{s_j - s_i})",
    sampler=None,
    loss=None,
    own_objective=_objective,
    own_loss="rank-weighted",
    step="listwise",
    trains="queries",
    uses=("metric_cut",),
    defaults={"encoder": {"towers": "untied"}, "method": {"metric_cut": 200}},
    differs=(
        "metric_cut has a default; in the authors' code leaving it out zeroes every weight (train.py:216-219).",
        "softplus instead of log(1 + exp(x)), which overflows in float32 above 88 (train.py:211-214).",
    ),
    parameters=(
        Parameter(
            "candidates",
            "negatives.pool_depth",
            code="200",
            here="5 % of the corpus, 20 to 200",
            where="adore/train.py:265",
        ),
        Parameter(
            "metric cut",
            "method.metric_cut",
            code="None, which trains nothing; README 200",
            here="200",
            where="adore/train.py:259",
        ),
        Parameter("batch", "batch_size", code="32", here="32", where="adore/train.py:257-283"),
        Parameter(
            "optimiser, rate",
            "optimizer.learning_rate",
            code="AdamW, 5e-6",
            here="AdamW, searched once for all methods",
            where="adore/train.py:257-283",
        ),
        Parameter("start", "start", code="STAR", here="the shared warm-up, or --start RUN"),
    ),
    presets={
        "authors_code": Preset(
            {"method": {"metric_cut": 200}, "negatives": {"pool_depth": 200}},
            "The README's command. Dropout, off by default here, is on there.",
        ),
    },
)
