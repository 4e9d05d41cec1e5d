"""ANCE: negatives from the top of the model's own ranking of the corpus, re-mined while it learns.

Initialisation: a BM25 warm-up. Sampler: uniform from the top 200 of the current index without D+ (Eq 13).
Objective: pairwise NLL. Refresh: paper and code rebuild the index every 10k batches in a second process;
here every `refresh.every` steps, at once (`sync`) or in use `lag` steps later.
"""

from ..samplers import TopK
from .base import Parameter, Preset, Recipe

RECIPE = Recipe(
    name="ance",
    title="ANCE",
    idea="Draw from what the model itself ranks highest now. These are the documents it will confuse at test "
    "time, so loss and gradients stay larger than those of random ones; the index is rebuilt as the model learns.",
    citation="Xiong et al. 2021 (ANCE), ICLR, Eq 13 and section 4; code: microsoft/ANCE c8439df",
    formula=r"d^- \sim U(\mathrm{top}_K(q) \setminus D^+_q), \quad \log(1 + e^{s(q,d^-) - s(q,d^+)})",
    sampler=lambda config: TopK("own", config.negatives.pool_depth),
    pools=("own",),
    uses=("last_label_only",),
    defaults={"refresh": {"mode": "sync", "every": 100}},
    differs=(
        "All judged positives are kept out; the authors' code keeps out only the last (run_ann_data_gen.py:81-85).",
        "A refresh renews all queries, and each meets its new pool at its next turn. The authors' code renews a fifth at a "
        "time and mines 20 negatives for each, of which about a third are used before the next fifth replaces them.",
        "AdamW instead of LAMB; one learning-rate schedule over the run, never restarted at a refresh.",
        "The importance weight 1 / (N p) of Eq 4 is applied neither in their code (run_ann.py:258-279) nor here; "
        "recipe `oracle-weighted` does.",
        "MaxP (`encoder.max_passages`) gives each passage its own special tokens; the authors' code cuts one sequence of "
        "2048 tokens in four, so that only the first passage begins with the start token it is read at (models.py:160-199).",
    ),
    parameters=(
        Parameter(
            "pool",
            "negatives.pool_depth",
            "200",
            "500; command 200",
            "5 % of the corpus, 20 to 200",
            "run_ann_data_gen.py:549-551; run_train.sh:93",
        ),
        Parameter(
            "negatives a query",
            "negatives.per_query",
            "1 a positive",
            "5; command 20",
            "1",
            "run_ann_data_gen.py:556-558",
        ),
        Parameter(
            "queries renewed a refresh",
            "refresh.chunks",
            "all",
            "a fifth",
            "all",
            "run_ann_data_gen.py:542-546",
        ),
        Parameter(
            "refresh period",
            "refresh.every",
            "10,000 steps",
            "500; command 10,000",
            "100 of 600 steps",
            "run_train.sh:113",
        ),
        Parameter(
            "optimiser, rate",
            "optimizer.learning_rate",
            "LAMB, 1e-6",
            "5e-5; command LAMB, 1e-6",
            "AdamW, searched once for all",
        ),
        Parameter(
            "batch", "batch_size", "8 x 2 x 4 GPUs", "8 x 1; command 8 x 2 x 4", "32 queries", "run_train.sh"
        ),
        Parameter(
            "queries in a batch", "", "", "nearly always one", "32 different ones", "utils/util.py:310-329"
        ),
        Parameter(
            "passages of a document",
            "encoder.max_passages",
            "FirstP: 1 of 512 tokens; MaxP: up to 4",
            "the same",
            "1 of 128 tokens; preset maxp: up to 4",
            "section 5; model/models.py:84-199",
        ),
        Parameter(
            "judged positives kept out",
            "method.last_label_only",
            "all",
            "the last one",
            "all",
            "run_ann_data_gen.py:81-85",
        ),
    ),
    presets={
        "maxp": Preset(
            {"encoder": {"max_passages": 4}},
            "For long documents: cut into up to four passages, scored by the best one. Four times the encoding at most.",
        ),
        "paper": Preset(
            {
                "negatives": {"per_query": 1, "pool_depth": 200},
                "refresh": {"mode": "sync", "every": 100, "chunks": 1},
            },
            "One negative from the top 200, every query renewed. The period is scaled to short runs.",
        ),
        "authors_code": Preset(
            {
                "negatives": {"per_query": 8, "pool_depth": 200},
                "batch_size": 4,
                "refresh": {"mode": "sync", "every": 100, "chunks": 5},
                "method": {"last_label_only": True},
            },
            "Eight negatives of one query stand together (batches of 4 queries keep 32 triples a step), a refresh renews a "
            "fifth of the queries, and only a query's last label is kept out: the leak is counted in the log.",
        ),
    },
)
