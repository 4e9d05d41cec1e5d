"""A sitting that does not go to plan: interrupted, stopped in its warm-up, or with a run that cannot start."""

import pytest

from ance_core.errors import ConfigError, StoreError, TrainingError
from ance_core.training.session import Interrupted, resume_run, train_runs

from .test_session import assert_same_run


def warmup(store):
    return next(run for run in store.runs() if run.info["kind"] == "warmup")


def test_ctrl_c_keeps_what_is_finished_and_stops_the_rest(store, settings):
    def interrupt(training):
        if training.writer.name == "long" and training.step == 9:
            raise KeyboardInterrupt

    configs = [settings(recipe="random", name="short", steps=4), settings(recipe="ance", name="long")]
    with pytest.raises(Interrupted) as caught:
        train_runs(configs, store, watch=interrupt)
    assert caught.value.runs == ["long"]
    assert store.run("short").status().state == "finished"
    assert store.run("short").results()["test"]
    status = store.run("long").status()
    assert (status.state, status.message) == ("stopped", "interrupted; go on with `ance train --resume long`")

    (whole,) = train_runs([settings(recipe="ance", name="whole")], store)
    assert_same_run(whole, resume_run("long", store))


def test_a_shared_start_that_is_stopped_can_be_gone_on_with(store, settings):
    def stop(training):
        if training.step == 2 and training.config.recipe == "bm25":
            warmup(store).control("stop")

    long_enough = {"warmup": {"steps": 600}, "steps": 5}
    with pytest.raises(
        TrainingError, match=r"shared start 'warmup-\S+': stopped at step \d+ of 600; train or resume"
    ):
        train_runs([settings(recipe="random", name="mine", **long_enough)], store, watch=stop)
    assert store.run("mine").status().state == "failed"
    assert warmup(store).status().state == "stopped"
    assert resume_run("mine", store).status().state == "finished"
    assert warmup(store).status().step == 600


def test_a_run_that_cannot_start_is_no_trouble_to_its_neighbours(store, settings):
    train_runs([settings(recipe="random", seed=1)], store)
    (warmup(store).folder / "run.json").write_text("{")
    configs = [
        settings(recipe="random", name="doomed", seed=1),
        settings(recipe="random", name="well", seed=0),
    ]
    with pytest.raises(StoreError, match="damaged, not valid JSON"):
        train_runs(configs, store)
    assert store.run("doomed").status().state == "failed"
    assert store.run("well").status().state == "finished"


def test_all_is_checked_before_the_first_folder(store, settings):
    configs = [settings(recipe="random"), settings(recipe="random", negatives={"per_query": 30})]
    with pytest.raises(ConfigError, match=r"negatives\.per_query: 30"):
        train_runs(configs, store)
    assert store.runs() == []
