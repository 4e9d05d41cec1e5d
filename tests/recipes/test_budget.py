"""What an arm is given, counted: against what a run of it records."""

import pytest

from ance_core.recipes import RECIPES
from ance_core.recipes.budget import Budget, arm_name, budget, budget_of
from ance_core.training.settings import resolve


def of(recipe, **values):
    config = resolve({"recipe": recipe, **values})
    return budget(config, RECIPES[recipe])


@pytest.mark.parametrize(
    ("values", "negatives", "loss", "pairs"),
    [
        ({"recipe": "random"}, 1, "pairwise", 32),
        ({"recipe": "ance", "negatives": {"per_query": 7}}, 7, "pairwise", 224),
        ({"recipe": "in-batch"}, 31, "softmax", 992),
        ({"recipe": "nce"}, 1, "pairwise", 992),
        ({"recipe": "star"}, 63, "pairwise", 2016),
        ({"recipe": "star", "preset": "paper"}, 63, "star", 2016),
        ({"recipe": "ance-tele"}, 63, "softmax", 2016),
        ({"recipe": "ance-tele", "preset": "plain"}, 63, "softmax", 2016),
        ({"recipe": "random", "negatives": {"in_batch": True}}, 63, "softmax", 2016),
        ({"recipe": "ance", "negatives": {"in_batch": True}}, 63, "softmax", 2016),
        ({"recipe": "dance"}, 1, "pairwise", 64),
        ({"recipe": "adore"}, 200, "rank-weighted", 6400),
    ],
)
def test_budgets(values, negatives, loss, pairs):
    found = of(**values)
    assert (found.negatives, found.loss, found.pairs, found.queries) == (negatives, loss, pairs, 19_200)


def test_the_settings_of_a_run_say_the_same():
    config = resolve({"recipe": "ance", "negatives": {"in_batch": True}, "encoder": "mini"})
    assert budget_of(config.model_dump(mode="json")) == of("ance", negatives={"in_batch": True})


def test_arms_of_equal_number_and_loss_are_one_group():
    assert of("random").spend == of("simans").spend == of("nce").spend
    assert of("in-batch").spend != of("random").spend
    assert of("ance", negatives={"in_batch": True}).spend == of("ance-tele").spend
    assert Budget(1, "pairwise", 32, 19_200, False).words == "1 negative, pairwise"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"recipe": "ance"}, "ance"),
        ({"recipe": "ance", "preset": "paper"}, "ance:paper"),
        ({"recipe": "ance", "negatives": {"in_batch": True}}, "ance, in-batch"),
        ({"recipe": "ance", "negatives": {"in_batch": True}, "objective": {"kind": "pairwise"}}, "ance, in-batch, pairwise"),
        ({"recipe": "random", "objective": {"kind": "softmax"}}, "random, softmax"),
        ({"recipe": "in-batch", "objective": {"kind": "softmax"}}, "in-batch"),
        ({"recipe": "gone"}, "gone"),
    ],
)  # fmt: skip
def test_names_of_arms(values, name):
    assert arm_name(values) == name
