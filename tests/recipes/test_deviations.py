"""Where papers and code disagree: each point is in `docs/methods.md`, and what it says of a setting is so.

A point names the section it must stand in and words that no other sentence has; where a setting or preset reproduces one
side, a check says with which value.
"""

import re
from pathlib import Path

import pytest

from ance_core.recipes import RECIPES
from ance_core.recipes.describe import markdown
from ance_core.training.settings import resolve

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "methods.md"
COMMON, NOT_REPRODUCED = "Common to all methods", "What is not reproduced, and why"
POINTS = [
    ("negatives a positive", "ance", r"1 a positive \| 5; command 20 \| 1"),
    ("pool of ANCE's code", "ance", r"\| 200 \| 500; command 200 \| 5 % of the corpus"),
    ("one query a batch", "ance", r"queries in a batch .* nearly always one"),
    ("last label only", "ance", r"keeps out only the last \(run_ann_data_gen\.py:81-85\)"),
    ("part of the queries a refresh", "ance", r"queries renewed a refresh .*all \| a fifth"),
    ("part of the mined negatives used", "ance", r"about a third are used before"),
    ("importance weight", "ance", r"1 / \(N p\) of Eq 4 is applied neither"),
    ("start token of later passages", "ance", r"only the first passage begins with the start token"),
    ("norm and not its square", "oracle", r"squared norm in Eq 10"),
    ("chance of an informative negative", "in-batch", r"1 - \(1 - m / N\)\^b"),
    ("what an epoch is", NOT_REPRODUCED, r"about 10 epochs without saying of what"),
    ("exact search", COMMON, r"IndexFlatIP"),
    ("alpha", "star", r"Eq 13 weighs random negatives with alpha, the code has no alpha"),
    ("recall on documents", NOT_REPRODUCED, r"\.867 .* \.913"),
    ("name of the measure", NOT_REPRODUCED, r"MRR@100 .* called MRR@10"),
    ("queries the list is of", "star", r"`--mode dev`"),
    ("metric cut", "adore", r"None, which trains nothing; README 200"),
    ("sign of b", "simans", r"peak at s\+ \+ b \| peak at s\+ - b"),
    ("b on Natural Questions", "simans", r"Figure 2 finds b = 0 best"),
    ("form of the weight", "simans", r"MS-Pas: Laplace, else Gaussian"),
    ("depth of SimANS' pool", "simans", r"\| 100 \| 100; MS MARCO 200 \| 5 % of the corpus"),
    ("snippet in the README", "simans", r"leaves b out and draws with replacement"),
    ("distillation", "simans", r"Not reproduced: distillation from AR2's reranker"),
    ("masses of momentum and lookahead", "ance-tele", r"absent: shares 0, 1/2, 2/3"),
    ("start of an episode", "ance-tele", r"the vanilla pre-trained model"),
    ("judged positives in the batch", "ance-tele", r"the code leaves them in .* no preset reproduces"),
    ("command that cannot run", "dance", r"a keyword argument is missing"),
    ("LayerNorm on one side", "dance", r"skips LayerNorm on documents"),
    ("measure of the other direction", "dance", r"stores the first number twice"),
    ("t of uniformity", "dance", r"5 in the authors' code"),
    ("scaling of scores", COMMON, r"`scale_simmila`"),
    ("optimiser", COMMON, r"LAMB"),
]


def sections(text):
    """Each section by its recipe's name, or its heading where it is of no recipe."""
    parts = re.split(r"^## (.*)$", text, flags=re.M)[1:]
    headings = (re.search(r"\(`(.*)`\)$", heading) for heading in parts[::2])
    names = [found[1] if found else heading for found, heading in zip(headings, parts[::2], strict=True)]
    return dict(zip(names, parts[1::2], strict=True))


def test_the_document_is_what_the_recipes_say():
    assert DOCUMENT.read_text(encoding="utf-8") == markdown(), "run `ance recipes docs`"
    assert list(sections(markdown())) == [*RECIPES, COMMON, NOT_REPRODUCED]


@pytest.mark.parametrize(("section", "words"), [point[1:] for point in POINTS], ids=[p[0] for p in POINTS])
def test_every_point_is_named(section, words):
    assert re.search(words, sections(markdown())[section])


SETTINGS = [
    ("ance", "paper", "negatives.per_query", 1),
    ("ance", "paper", "negatives.pool_depth", 200),
    ("ance", "paper", "refresh.chunks", 1),
    ("ance", "authors_code", "refresh.chunks", 5),
    ("ance", "authors_code", "method.last_label_only", True),
    ("ance", "maxp", "encoder.max_passages", 4),
    ("star", "authors_code", "method.alpha", None),
    ("star", "paper", "method.alpha", 1.0),
    ("adore", None, "method.metric_cut", 200),
    ("simans", "paper", "method.b_sign", None),
    ("simans", "paper", "negatives.pool_depth", 100),
    ("simans", "paper-nq", "method.b", 1.0),
    ("simans", "authors_code", "method.b_sign", "code"),
    ("simans", "authors_code-marco", "method.form", "laplace"),
    ("simans", "authors_code-marco", "negatives.pool_depth", 200),
    ("ance-tele", "paper", "method.alpha", 0.5),
    ("ance-tele", "paper", "method.beta", 0.5),
    ("ance-tele", "paper", "method.restart", None),
    ("ance-tele", "authors_code", "method.restart", True),
    ("dance", "authors_code", "encoder.temperature", 0.01),
    ("dance", "norm", "method.dual_weight", 0.0),
]


@pytest.mark.parametrize(("recipe", "preset", "setting", "value"), SETTINGS)
def test_presets_are_the_side_they_are_named_after(recipe, preset, setting, value):
    config = resolve({"recipe": recipe, "preset": preset}).model_dump()
    group, name = setting.split(".")
    assert config[group][name] == value


def test_temperature_one_scales_nothing():
    assert resolve({"recipe": "ance", "encoder": {"temperature": 1}}).encoder.scale == 1.0
