"""SimANS: negatives that score about as high as the positive, from the model's own ranking.

Initialisation: AR2 checkpoints in the paper (coCondenser, STAR for documents); the shared warm-up here. Sampler:
p ∝ exp(-a (s - s+ - b)^2) over the top 100 (Eq 4). Objective: in the paper SimANS chooses what a reranker's scores are
distilled on (AR2); its Table 5 also adds it to ANCE, which is what this recipe is: pairwise NLL, as in `ance`. Refresh:
the paper retrieves once, the authors' scripts again every 2000 to 5000 steps; here as often as ANCE, so that the two
differ in the sampler and in nothing else.
"""

from ..config import RunConfig
from ..samplers import Ambiguous
from .base import Parameter, Preset, Recipe


def _sampler(config: RunConfig) -> Ambiguous:
    method = config.method
    return Ambiguous(
        "own",
        config.negatives.pool_depth,
        a=method.a,
        b=method.b or 0.0,
        form=method.form or "gaussian",
        tau=method.tau or 3.0,
        sign=1 if method.b_sign == "code" else -1,
        rule=method.a_rule or "query",
    )


_NOT = "Not reproduced: distillation from AR2's reranker and the pretrained encoders; the loss here is pairwise NLL."

RECIPE = Recipe(
    name="simans",
    title="SimANS",
    idea="Draw what scores about as high as the positive. The very top is full of unjudged positives and its gradients "
    "vary wildly; far down there is nothing to learn; around the positive it is best.",
    citation="Zhou et al. 2022 (SimANS), EMNLP industry, Eq 4; code: microsoft/SimXNS 0163380, SimANS",
    formula=r"p(d \mid q) \propto e^{-a_q\,(s(q,d) - s(q,d^+) - b)^2}, \quad \log(1 + e^{s(q,d^-) - s(q,d^+)})",
    sampler=_sampler,
    pools=("own",),
    uses=("a", "a_rule", "b", "b_sign", "form", "tau"),
    defaults={"refresh": {"mode": "sync", "every": 100}},
    differs=(
        "Scores are inner products times 1 / temperature; a has units of 1 / score^2, so unless set it is "
        "suggested, for each query such that a third of its candidates is effective. One a for all (preset `one-a`, and any "
        "set a) is sharpest where the positive ranks first and nearly flat where it stands among the candidates.",
        "Weights stay in log space and draws are Gumbel top-n; in the authors' code all weights can be 0 (issue 7) and "
        "document ids decide who is kept (`list(set)[0:k]`, MARCO_until_Doc.py:124-148).",
        "A positive that was not retrieved still has a score here; the authors' code then takes the last candidates of "
        "the list (util_wiki.py:613-639).",
        "The README's snippet leaves b out and draws with replacement; code and authors draw without (issue 7), and so is "
        "it here.",
        "On Natural Questions the paper's appendix uses b = 1 (preset paper-nq) and its Figure 2 finds b = 0 best.",
        "Pairwise loss over one negative; the paper distils a reranker's scores over 15 (co_training_*_train.py).",
    ),
    parameters=(
        Parameter(
            "a", "method.a", "0.5", "0.5; unused for MS-Pas", "suggested for each query", "App. D; train_*.sh"
        ),
        Parameter("b", "method.b", "0; NQ 1", "0; NQ 1", "0", "App. D; train_*.sh"),
        Parameter(
            "sign of b",
            "method.b_sign",
            "peak at s+ + b",
            "peak at s+ - b",
            "the paper's",
            "Eq 4; MARCO_until_Doc.py:131, util_wiki.py:624",
        ),
        Parameter(
            "weights",
            "method.form",
            "Gaussian",
            "MS-Pas: Laplace, else Gaussian",
            "Gaussian",
            "Eq 4; MARCO_until_new.py:136,186",
        ),
        Parameter("tau", "method.tau", "", "3", "3", "MARCO_until_new.py:136,186"),
        Parameter(
            "pool",
            "negatives.pool_depth",
            "100",
            "100; MS MARCO 200",
            "5 % of the corpus, 20 to 200",
            "Eq 4; co_training_generate.py:171, ..._new_train.py:179, ..._wiki.py:371",
        ),
        Parameter(
            "negatives a query", "negatives.per_query", "15", "15; default 20", "1, as ANCE", "train_*.sh"
        ),
        Parameter(
            "refresh period",
            "refresh.every",
            "never",
            "5000; NQ, TQ 2000",
            "100 of 600 steps",
            "Algorithm 1; train_*.sh",
        ),
        Parameter(
            "optimiser, rate",
            "optimizer.learning_rate",
            "",
            "AdamW, 5e-6; NQ 1e-5",
            "AdamW, searched once for all",
            "train_*.sh",
        ),
    ),
    presets={
        "one-a": Preset(
            {"method": {"a_rule": "pool"}},
            "One a for all queries, 4 / mean square gap of the pool, anew at each refresh. In the paper, too, all queries "
            "share an a, but a set one.",
        ),
        "paper": Preset(
            {"method": {"a": 0.5, "b": 0.0}, "negatives": {"pool_depth": 100, "per_query": 15}},
            f"a = .5, b = 0, top 100, 15 negatives (MS MARCO, TriviaQA; App. D). {_NOT}",
        ),
        "paper-nq": Preset(
            {"method": {"a": 0.5, "b": 1.0}, "negatives": {"pool_depth": 100, "per_query": 15}},
            f"As `paper` with b = 1, as on Natural Questions: the peak is one unit above the positive. {_NOT}",
        ),
        "authors_code": Preset(
            {
                "method": {"a": 0.5, "b": 1.0, "b_sign": "code"},
                "negatives": {"pool_depth": 100, "per_query": 15},
            },
            f"util_wiki.py and its NQ script: b = 1 is added, so the peak is one unit below the positive. {_NOT}",
        ),
        "authors_code-doc": Preset(
            {
                "method": {"a": 0.5, "b": 0.0, "b_sign": "code"},
                "negatives": {"pool_depth": 200, "per_query": 15},
            },
            f"MARCO_until_Doc.py and its script: top 200, b = 0, so that its sign does not matter. {_NOT}",
        ),
        "authors_code-marco": Preset(
            {
                "method": {"form": "laplace", "tau": 3.0, "b": 0.0},
                "negatives": {"pool_depth": 200, "per_query": 15},
            },
            f"MARCO_until_new.py: exp(-3 |s - s+|) over the top 200, without a and b. {_NOT}",
        ),
    },
)
