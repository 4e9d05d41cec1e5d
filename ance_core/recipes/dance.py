"""DANCE: ANCE plus the dual question, of each document which query it answers, on normalised embeddings.

Initialisation: an ANCE checkpoint in the paper (`--start RUN`); the shared warm-up otherwise. Samplers: documents
as in ANCE; queries uniform from the top 200 of an index over the training queries, searched with the positive
document. Objective: 2-way NLL in both directions, weights 1.0 and 0.1. Refresh: as ANCE. Two stages: first
normalisation alone (preset `norm`), then the dual objective from the best checkpoint of that.

Only abstract and code of the paper could be read here; no published result is quoted.
"""

from ..samplers import TopK
from .base import Parameter, Preset, Recipe

RECIPE = Recipe(
    name="dance",
    title="DANCE",
    idea="Queries trained only to find documents crowd together. DANCE also asks each document to find its query "
    "among the queries nearest to it, which pushes queries apart.",
    citation="Li et al. 2021 (DANCE), ICTIR; code: thunlp/DANCE a119572",
    formula=r"\ell(q; d^+, d^-) + w\,\ell(d^+; q, q^-), \; \ell(x; y^+, y^-) = \log(1 + e^{x \cdot (y^- - y^+)/\tau})",
    sampler=lambda config: TopK("own", config.negatives.pool_depth),
    pools=("own", "dual"),
    step="dual",
    uses=("dual_weight", "align_weight", "uniform_weight", "uniformity_t"),
    defaults={
        "refresh": {"mode": "sync", "every": 100},
        "encoder": {"similarity": "cosine", "temperature": 0.1},
        "method": {"dual_weight": 0.1},
    },
    differs=(
        "Both sides are normalised after LayerNorm; the authors' code skips LayerNorm on documents, for no stated "
        "reason (models.py:272-288), which no preset reproduces.",
        "t of the uniformity term is 2, as where it was defined (Wang and Isola 2020); 5 in the authors' code. "
        "`method.uniformity_t` sets it; values for different t do not compare.",
        "Alignment and uniformity (the sum of both sides', as there) act with any similarity; the authors' code leaves them "
        "out of the dual loss on plain products (models.py, `RobertaDot_NLL_LN.forward`).",
        "A refresh in chunks renews the dual candidates of every document that answers a query of the chunk, among all "
        "training queries, as the authors' index does (drivers/run_ann_data_gen.py:546-548).",
        "The README's command cannot run as published: a keyword argument is missing (models.py:147-205, 327-344).",
        "Measured on dev are queries against documents. The authors' code also means to measure documents against queries, "
        "but stores the first number twice (drivers/run_ann_data_gen.py:532).",
        "Refresh in step with training, not the asynchronous protocol with its 30-second sleep (run_ann.py:226).",
    ),
    parameters=(
        Parameter(
            "weight of the dual loss",
            "method.dual_weight",
            code="0.1",
            here="0.1",
            where="drivers/run_ann.py:733",
        ),
        Parameter(
            "temperature",
            "encoder.temperature",
            code="1.0; README 0.01",
            here="0.1: at .01 small models stall",
            where="drivers/run_ann.py:760, README.md:60-139",
        ),
        Parameter(
            "similarity",
            "encoder.similarity",
            code="dot; README simclr_cosine",
            here="cosine",
            where="drivers/run_ann.py:766-770",
        ),
        Parameter(
            "dual pool",
            "negatives.pool_depth",
            code="200",
            here="5 % of the corpus, 20 to 200",
            where="drivers/run_ann_data_gen.py:1023-1030",
        ),
        Parameter(
            "t of uniformity",
            "method.uniformity_t",
            code="5",
            here="2, as Wang and Isola",
            where="model/models.py:25-28",
        ),
        Parameter("negatives a query", "negatives.per_query", code="20 mined, 1 a row", here="1"),
        Parameter(
            "optimiser, rate",
            "optimizer.learning_rate",
            code="LAMB, 5e-6",
            here="AdamW, searched once for all methods",
        ),
    ),
    presets={
        "authors_code": Preset(
            {"encoder": {"similarity": "cosine", "temperature": 0.01}, "method": {"dual_weight": 0.1}},
            "README's second stage: cosine at temperature .01. LayerNorm stays on both sides.",
        ),
        "norm": Preset(
            {"method": {"dual_weight": 0.0}}, "First stage and ablation: normalised, no dual loss."
        ),
        "dual": Preset(
            {"encoder": {"similarity": "dot", "temperature": None}, "method": {"dual_weight": 0.1}},
            "Ablation: dual loss on plain dot products.",
        ),
        "regularised": Preset(
            {"method": {"dual_weight": 0.1, "align_weight": 0.1, "uniform_weight": 0.1, "uniformity_t": 2.0}},
            "With the alignment and uniformity terms that the code offers and leaves at weight 0.",
        ),
    },
)
