"""Settings that follow the corpus: rules a hand can check, where they come from in `run.json`, what wins over them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ance_core.errors import ConfigError
from ance_core.probes.geometry import anisotropy
from ance_core.probes.geometry.light import CONE
from ance_core.training.defaults import learning_rate, pool_depth, settle, warmup_steps
from ance_core.training.problem import load_problem
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve


@given(st.integers(2, 10**7))
def test_pools_are_a_twentieth_of_the_corpus_within_bounds(n):
    depth = pool_depth(n)
    assert 20 <= depth <= 200
    if 400 <= n <= 4000:
        assert n * 0.05 - 1 < depth <= n * 0.05


@given(st.sampled_from(["static", "mini"]), st.integers(2, 10**7), st.integers(2, 10**7), st.integers(2, 512))
def test_a_larger_corpus_never_shortens_the_warm_up_nor_does_it_pass_four_epochs(kind, docs, queries, batch):
    steps, times = warmup_steps(kind, docs, queries, batch), 1 if kind == "static" else 5
    assert steps <= warmup_steps(kind, 2 * docs, queries, batch)
    assert 100 * times <= steps <= 1000 * times
    assert steps == 100 * times or steps // times * batch <= 4 * queries


def test_a_pretrained_model_trains_at_a_rate_of_its_own():
    assert learning_rate("hf") == 2e-5 < learning_rate("static")


def test_many_passes_over_few_queries_halve_the_rate():
    problem = load_problem(resolve({"data": "tiny"}))
    queries = len(problem.labels.queries)
    few, many = (
        settle(resolve({"data": "tiny", "steps": n, "batch_size": queries}), problem) for n in (40, 41)
    )
    assert many.optimizer.learning_rate == few.optimizer.learning_rate / 2
    assert "halved for 41 passes" in many.origins["optimizer.learning_rate"]


def test_what_nobody_named_is_settled_and_what_somebody_named_stays():
    problem = load_problem(resolve({"data": "tiny"}))
    plain = settle(resolve({"data": "tiny", "recipe": "ance"}), problem)
    assert (plain.negatives.pool_depth, plain.warmup.steps) == (20, 100)
    assert plain.origins["negatives.pool_depth"].startswith("rule: 5% of 24 documents")
    named = settle(
        resolve(
            {
                "data": "tiny",
                "negatives": {"pool_depth": 7},
                "warmup": {"steps": 3},
                "optimizer": {"learning_rate": 0.5},
            }
        ),
        problem,
    )
    assert (named.negatives.pool_depth, named.warmup.steps, named.optimizer.learning_rate) == (7, 3, 0.5)
    assert named.warmup.learning_rate == plain.warmup.learning_rate
    assert "rule" not in named.origins["negatives.pool_depth"]


def test_settling_twice_changes_nothing():
    problem = load_problem(resolve({"data": "tiny"}))
    once = settle(resolve({"data": "tiny"}), problem)
    assert settle(once, problem).model_dump() == once.model_dump()


def test_a_preset_keeps_its_published_depth():
    problem = load_problem(resolve({"data": "tiny"}))
    assert (
        settle(resolve({"data": "tiny", "recipe": "simans", "preset": "paper"}), problem).negatives.pool_depth
        == 100
    )


def test_a_filter_beyond_the_depth_that_the_corpus_gives_is_refused_with_that_depth():
    problem = load_problem(resolve({"data": "tiny"}))
    config = resolve({"data": "tiny", "recipe": "ance", "negatives": {"filter": {"rank_to": 30}}})
    with pytest.raises(ConfigError, match=r"filter: ranks 1 to 30 reach beyond the pool.*\(now 20\)"):
        settle(config, problem)


def test_a_run_says_what_was_settled_and_why(store):
    short = {"data": "tiny", "recipe": "ance", "steps": 2, "warmup": {"steps": 2}}
    (run,) = train_runs([resolve(short)], store)
    assert run.info["config"]["negatives"]["pool_depth"] == 20
    assert set(run.info["defaults"]) == {
        "negatives.pool_depth", "warmup.steps", "warmup.learning_rate", "optimizer.learning_rate"
    }  # fmt: skip
    assert run.info["defaults"]["negatives.pool_depth"].startswith("rule:")
    assert not run.info["defaults"]["warmup.steps"].startswith("rule:")


def test_methods_share_a_start_whatever_depth_they_name(store):
    short = {"data": "tiny", "steps": 1, "warmup": {"steps": 2}}
    configs = [
        resolve({**short, "recipe": "ance"}),
        resolve({**short, "recipe": "ance", "negatives": {"pool_depth": 5}}),
    ]
    one, two = train_runs(configs, store)
    assert one.info["init"] == two.info["init"]


def test_a_start_too_weak_for_its_negatives_is_an_event(store):
    """A rate that ruins the start: the log says from what to what, once, with the remedy."""
    ruin = {
        "data": "tiny",
        "recipe": "ance",
        "steps": 12,
        "optimizer": {"learning_rate": 3.0},
        "warmup": {"steps": 60},
    }
    (run,) = train_runs([resolve({**ruin, "record": {"eval_every": 2}})], store)
    curve = run.scalars(["dev/RR@10"])["value"].to_list()
    events = run.events()
    told = events[events["kind"] == "collapse"]
    assert min(curve) < curve[0] / 2, "the settings of this test no longer ruin the start"
    assert len(told) == 1
    assert f"fell from {curve[0]:.3f} at the start" in told["message"].iloc[0]
    assert "raise warmup.steps (now 60)" in told["message"].iloc[0]


def test_a_space_that_closes_into_a_cone_is_an_event(store):
    """Where dev is not measured in time, the mean cosine tells: once, with the limit of the red light."""
    ruin = {
        "data": "tiny",
        "recipe": "ance",
        "steps": 6,
        "optimizer": {"learning_rate": 3.0},
        "warmup": {"steps": 60},
    }
    (run,) = train_runs([resolve({**ruin, "record": {"eval_every": 1000, "snapshot_every": 2}})], store)
    cones = anisotropy(run).pivot(index="step", columns="of", values="value")
    assert (cones.loc[0] < CONE["red"]).all()
    assert (cones.loc[6] > CONE["red"]).all(), "the settings of this test no longer close the space"
    events = run.events()
    told = events[events["kind"] == "collapse"]
    assert len(told) == 1
    first = cones.index[(cones > CONE["red"]).any(axis=1)][0]
    assert told["step"].iloc[0] == first
    rise = f"queries from {cones['queries'][0]:.2f} at the start to {cones['queries'][first]:.2f}"
    assert rise in told["message"].iloc[0]
    assert "above 0.9" in told["message"].iloc[0]


def test_a_resumed_run_remembers_the_cone_it_started_from(store):
    """The start's mean cosines are in the checkpoint: what was narrow from the start is no collapse."""
    short = {"data": "tiny", "recipe": "ance", "steps": 4, "warmup": {"steps": 2}}
    (run,) = train_runs([resolve({**short, "record": {"checkpoint_every": 2, "snapshot_every": 2}})], store)
    start = anisotropy(run).set_index(["step", "of"])["value"]
    state = json.loads((run.checkpoints()[2] / "state.json").read_text())
    assert state["start_cosines"] == {of: pytest.approx(start[0, of]) for of in ("queries", "documents")}


def test_a_run_that_learns_says_nothing_of_a_collapse(store):
    (run,) = train_runs(
        [resolve({"data": "tiny", "recipe": "ance", "steps": 6, "warmup": {"steps": 20}})], store
    )
    assert "collapse" not in set(run.events()["kind"])
