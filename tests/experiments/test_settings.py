"""What makes runs one method: the same answer in `ance compare` and in the dashboard's figures."""

import pytest
from ance_app.charts.groups import Member, by_method

from ance_core.experiments.settings import flatten, method_labels, method_settings
from ance_core.recipes.budget import arm_name

PAIRS = [
    ({"seed": 1}, 1),
    ({"threads": 2}, 1),
    ({"record": {"eval_every": 7, "eval_splits": ["dev", "dev-unseen"], "negatives": False}}, 1),
    ({"record": {"probe_every": 100}, "seed": 3}, 1),
    ({"refresh": {"mode": "sync", "every": 50}}, 2),
    ({"negatives": {"per_query": 3}}, 2),
    ({"negatives": {"in_batch": True}}, 2),
    ({"preset": "paper"}, 2),
    ({"optimizer": {"learning_rate": 1e-3}}, 2),
]


def drawn_as(runs):
    """The groups of the dashboard, by run."""
    members = [Member(run.name, arm_name(run.info["config"]), 0, flatten(run.info["config"])) for run in runs]
    groups = by_method(members)
    return [next(i for i, g in enumerate(groups) if m in g.members) for m in members]


@pytest.mark.parametrize(("other", "methods"), PAIRS, ids=str)
def test_two_runs_are_one_method_or_two_in_both_places(add_run, other, methods):
    runs = [add_run("a", [0, 1], recipe="simans"), add_run("b", [0, 1], recipe="simans", **other)]
    assert len(set(method_labels(runs))) == methods
    assert len(set(drawn_as(runs))) == methods


def test_a_setting_that_an_older_run_lacks_is_at_its_default(add_run):
    run = add_run("a", [0, 1], recipe="ance")
    older = add_run("b", [0, 1], recipe="ance", seed=1)
    config = older.info["config"]
    del config["objective"], config["negatives"]["in_batch"]
    assert method_labels([run, older]) == ["ance", "ance"]
    assert len(set(drawn_as([run, older]))) == 1
    assert method_settings({"steps": 9})["negatives.in_batch"] is False


def test_a_preset_is_in_the_name(add_run):
    runs = [
        add_run("a", [0, 1], recipe="simans"),
        add_run("b", [0, 1], recipe="simans", preset="paper"),
        add_run("c", [0, 1], recipe="simans", preset="paper", steps=50),
        add_run("d", [0, 1], recipe="ance", negatives={"in_batch": True}),
    ]
    assert method_labels(runs) == [
        "simans",
        "simans:paper (steps=600)",
        "simans:paper (steps=50)",
        "ance, in-batch",
    ]
    assert method_labels(runs[1:2]) == ["simans:paper"], "also where no plain one stands beside it"
