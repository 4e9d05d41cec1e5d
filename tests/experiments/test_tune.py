"""The search for warm-up and rate: what is tried, what is chosen, and that no single method decides."""

import io
import json
from contextlib import redirect_stdout

import pandas as pd
import pytest

from ance_core.cli.entry import run
from ance_core.config import read_settings
from ance_core.errors import ConfigError, DataError
from ance_core.experiments.tune import ARMS, TOLERANCE, Trial, nearest_good, shortest_good, tune
from ance_core.runs import Store
from ance_core.training.settings import resolve


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """One search from the command line: (its JSON, the folder of its runs, the settings file)."""
    folder = tmp_path_factory.mktemp("tune")
    words = ["tune", "tiny", "--seeds", "1", "--steps", "4", "--workers", "1", "--json"]
    words += ["--rate", "3e-4", "--rate", "3e-3", "--warmup-times", "0.2"]
    said = io.StringIO()
    with redirect_stdout(said):
        assert run([*words, "--runs", str(folder / "runs"), "--write", str(folder / "tuned.yaml")]) == 0
    return json.loads(said.getvalue()), folder / "runs", folder / "tuned.yaml"


def trials(found):
    return pd.DataFrame(found[0]["trials"])


def test_every_rate_then_every_length_for_all_three_arms(found):
    rate, table = found[0]["settings"]["optimizer"]["learning_rate"], trials(found)
    tried = table.groupby(["rate", "steps"])["arm"].apply(sorted)
    assert all(arms == sorted(ARMS) for arms in tried)
    assert {r for r, steps in tried.index if steps == 100} == {3e-4, 3e-3}
    assert {steps for r, steps in tried.index if r == rate} == {20, 100}


def test_the_rate_is_the_one_with_the_best_mean_over_the_arms(found):
    first = trials(found).query("steps == 100")
    best = first.groupby("rate")["dev RR@10"].mean()
    chosen = found[0]["settings"]["optimizer"]["learning_rate"]
    assert best[chosen] >= best.max() - TOLERANCE
    assert found[0]["settings"]["warmup"]["learning_rate"] == chosen


def test_of_equal_rates_the_nearest_to_the_rule_is_taken():
    assert nearest_good(pd.Series({3e-4: 0.60, 6e-4: 0.70, 1.2e-3: 0.703}), 6e-4) == 6e-4
    assert nearest_good(pd.Series({3e-4: 0.60, 6e-4: 0.69, 1.2e-3: 0.703}), 6e-4) == 1.2e-3


def test_a_score_is_what_the_run_says(found):
    row = trials(found).iloc[0]
    (same,) = [
        run
        for run in Store(found[1]).runs()
        if run.info["kind"] == "run"
        and run.info["recipe"] == row["arm"]
        and run.info["config"]["optimizer"]["learning_rate"] == row["rate"]
        and run.info["config"]["warmup"]["steps"] == row["steps"]
    ]
    assert same.results()["dev"]["RR@10"] == row["dev RR@10"]


def test_the_file_has_settings_that_training_takes(found):
    assert read_settings(found[2]) == found[0]["settings"]
    config = resolve({"data": "tiny", **read_settings(found[2])})
    assert config.warmup.steps == found[0]["settings"]["warmup"]["steps"]


def test_the_shortest_within_the_tolerance():
    assert shortest_good(pd.Series({50: 0.60, 100: 0.696, 200: 0.70, 400: 0.69})) == 100
    assert shortest_good(pd.Series({50: 0.60, 100: 0.65, 200: 0.70})) == 200


def test_arms_differ_in_the_recipe_alone():
    settings = [Trial(arm, 1e-3, 50, 0).settings({"data": "tiny"}) for arm in ARMS]
    assert [s.pop("recipe") for s in settings] == list(ARMS)
    assert settings[0] == settings[1] == settings[2]


def test_bad_input():
    with pytest.raises(ConfigError, match="seeds: 0 given"):
        tune("tiny", seeds=0)
    with pytest.raises(DataError, match="no such dataset"):
        tune("nowhere")
    with pytest.raises(ConfigError, match=r"encoder\.kind"):
        tune("tiny", "statik")


def test_sgds_rates_leave_the_shared_start_as_it_is():
    adamw, sgd = (Trial("ance", 0.3, 50, 0, kind).settings({"data": "tiny"}) for kind in ("adamw", "sgd"))
    assert adamw["warmup"] == {"steps": 50, "learning_rate": 0.3}
    assert sgd["warmup"] == {"steps": 50}
    assert sgd["optimizer"] == {"kind": "sgd", "learning_rate": 0.3}


def test_sgds_rates_are_found_and_a_training_that_diverges_counts_nothing(tmp_path):
    found = tune(
        "tiny",
        optimizer="sgd",
        seeds=1,
        rates=(0.1, 1e30),
        times=(0.1,),
        settings={"steps": 30},
        runs=tmp_path,
    )
    assert found.settings["optimizer"] == {"kind": "sgd", "learning_rate": 0.1}
    assert "learning_rate" not in found.settings["warmup"]
    assert (found.table.query("rate == 1e30")["dev RR@10"] == 0).all()


def test_rates_nobody_looked_for_are_asked_for():
    with pytest.raises(ConfigError, match=r"rates: nobody has looked for SGD's under 'mini'.*--rate"):
        tune("tiny", "mini", optimizer="sgd")
    with pytest.raises(ConfigError, match=r"optimizer: 'adam' given"):
        tune("tiny", optimizer="adam")
