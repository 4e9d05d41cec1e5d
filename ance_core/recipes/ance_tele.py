"""ANCE-Tele: ANCE's negatives, joined by those of episodes past (momentum) and of the near future (lookahead).

Initialisation: the warm-up model. Pools: top K of the query, top K around the positive document, K of the pool
before; masses 1 : beta : alpha, each document once (`training.teleport`). Sampler: one draw a query by those
weights, every other passage of the batch beside it. Objective: softmax cross-entropy over all of them. Refresh:
in episodes of `refresh.every` steps, which go on from the last weights or, with `restart`, begin anew.
"""

from ..config import RunConfig
from ..errors import ConfigError
from ..samplers import Sampler, Weighted, WholeBatch
from .base import Parameter, Preset, Recipe

EPISODES = {"mode": "sync", "every": 200}


def sampler(config: RunConfig) -> Sampler:
    """Draws from the mixed pool. Raises ConfigError for a restart whose episodes are not known beforehand."""
    mode = config.refresh.mode
    if config.method.restart and mode not in ("sync", "lag", "replay"):
        raise ConfigError(
            f"method.restart: with refresh.mode '{mode}' no step is known at which an episode begins; "
            "set refresh.mode to 'sync', 'lag' or 'replay', or method.restart to false"
        )
    depth = config.negatives.pool_depth
    sources = 1 + sum(bool(mass) for mass in (config.method.alpha, config.method.beta))
    return WholeBatch(Weighted("own", sources * depth, per_source=depth))


RECIPE = Recipe(
    name="ance-tele",
    title="ANCE-Tele",
    idea="A refresh replaces all hard negatives at once, and the model forgets what the old ones taught. Old "
    "negatives that stay, and neighbours of the positive that come early, make the change from one set to the next gentle.",
    citation="Sun et al. 2022 (ANCE-Tele), EMNLP; code: OpenMatch/ANCE-Tele e871571",
    formula=r"p(d^- \mid q) \propto \tfrac{1}{|A|}[d^- \in A] + \tfrac{\beta}{|L|}[d^- \in L]"
    r" + \tfrac{\alpha}{|M|}[d^- \in M], \; -\log \frac{e^{s(q,d^+)}}{\sum_{d \in B} e^{s(q,d)}}",
    sampler=sampler,
    loss="softmax",
    shares_batch=True,
    pools=("own",),
    uses=("alpha", "beta", "restart"),
    teleports=True,
    defaults={"refresh": EPISODES, "method": {"alpha": 0.5, "beta": 0.5}},
    differs=(
        "alpha and beta are masses here; the authors' code has neither and concatenates the lists, repeats included "
        "(preprocess/combine_marco_negative.py:53).",
        "Momentum is a weighted draw of as many candidates as any source has; in the code the whole pool travels on and "
        "grows by the episode, 60, 120, 180 on MARCO.",
        "Judged positives are masked in the batch; the code leaves them in (DenseRetriever.py:144-157), which no preset "
        "reproduces.",
        "With several positives, lookahead is by the nearest of them.",
        "Episodes are of equal length; in the code the first two stop after 20,000 steps and the last runs for 3 epochs.",
    ),
    parameters=(
        Parameter(
            "alpha (momentum)",
            "method.alpha",
            paper="0.5",
            code="absent: shares 0, 1/2, 2/3",
            here="0.5",
            where="Table 2; issue 1",
        ),
        Parameter(
            "beta (lookahead)",
            "method.beta",
            paper="0.5",
            code="absent: as many as ANN",
            here="0.5",
            where="Table 2; issue 1",
        ),
        Parameter(
            "negatives N",
            "negatives.per_query",
            paper="31 (MARCO), 11 (NQ, TriviaQA)",
            code="31; 15 in episode 1",
            here="1, as all methods; preset paper: 31",
            where="Table 2; shells/",
        ),
        Parameter(
            "depth of each source",
            "negatives.pool_depth",
            paper="200",
            code="200, of which 30 are kept (80 NQ, TriviaQA)",
            here="5 % of the corpus, 20 to 200, all kept",
            where="preprocess/build_train_hn.py:11-35",
        ),
        Parameter(
            "episodes",
            "refresh.every",
            code="3",
            here="every 200 steps, 3 in 600",
            where="shells/",
        ),
        Parameter(
            "start of an episode",
            "method.restart",
            code="the vanilla pre-trained model",
            here="the weights reached; preset authors_code: anew",
            where="shells/epi-3-train-msmarco.sh:5",
        ),
        Parameter("batch", "batch_size", code="8 (MARCO)", here="32; presets: 8", where="shells/"),
        Parameter(
            "rate",
            "optimizer.learning_rate",
            code="5e-6",
            here="searched once for all methods",
            where="shells/",
        ),
        Parameter(
            "similarity",
            code="dot, no temperature",
            here="dot / sqrt(dim)",
            where="DenseRetriever.py:144-157",
        ),
    ),
    presets={
        "plain": Preset(
            {"method": {"alpha": 0.0, "beta": 0.0}},
            "A control, in no paper: the same loss, number of negatives and refreshes without momentum and lookahead. What "
            "`ance-tele` has above it is teleportation's; what it has above `random` with `negatives.in_batch: true`, of "
            "equal number and loss, is that of hard negatives.",
        ),
        "paper": Preset(
            {
                "method": {"alpha": 0.5, "beta": 0.5},
                "negatives": {"per_query": 31, "pool_depth": 200},
                "batch_size": 8,
                "refresh": EPISODES,
            },
            "Table 2's best row on MARCO, with the code's batch of 256 passages. No restart: only the code is known to "
            "have one.",
        ),
        "authors_code": Preset(
            {
                "method": {"alpha": 2.0, "beta": 1.0, "restart": True},
                "negatives": {"per_query": 31, "pool_depth": 200},
                "batch_size": 8,
                "refresh": EPISODES,
            },
            "Masses as the list sizes of episode 2 (30 : 30 : 60), weights anew in each episode. In episode 3 the code has "
            "30 : 30 : 120, repeats count twice in its lists, and its in-batch positives of other queries are not masked.",
        ),
    },
)
