"""ANCE: negatives from the top of the model's own ranking of the corpus, re-mined while it learns.

Initialisation: a BM25 warm-up. Sampler: uniform from the top 200 of the current index without D+ (Eq 13).
Objective: pairwise NLL. Refresh: paper and code rebuild the index every 10k batches in a second process;
here every `refresh.every` steps, at once (`sync`) or in use `lag` steps later.
"""

from ..objectives import PairwiseNLL
from ..samplers import TopK
from .base import Recipe

RECIPE = Recipe(
    name="ance",
    title="ANCE",
    idea="Draw from what the model itself ranks highest now. These are the documents it will confuse at test "
    "time, so loss and gradients stay large; the index is rebuilt as the model learns.",
    citation="Xiong et al. 2021 (ANCE), Eq 13 and section 4",
    sampler=lambda config: TopK("own", config.negatives.pool_depth),
    objective=lambda config: PairwiseNLL(),
    pools=("own",),
    defaults={"refresh": {"mode": "sync", "every": 100}},
    differs=(
        "All judged positives are kept out; the authors' code keeps out only the last one (run_ann_data_gen.py:81-85).",
        "Batches mix queries; in the authors' code a batch holds several negatives of one query (utils/util.py:310-329).",
        "AdamW instead of LAMB, and a refresh renews every query's pool, not a fifth of them.",
    ),
)
