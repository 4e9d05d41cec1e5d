"""Forks: the same method repeats its parent; another one goes on from the same weights, optimizer and data."""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from ance_core.errors import ConfigError
from ance_core.training.session import resume_run, train_runs
from ance_core.training.settings import resolve
from ance_core.training.start import fork_settings

LAGGING = {"mode": "lag", "every": 4, "lag": 3}


def fork(store, parent, step, recipe=None, **changes):
    return train_runs([resolve(fork_settings(store.run(parent), step, recipe, changes))], store)[0]


@pytest.fixture
def parent(store, settings):
    return train_runs([settings(recipe="ance", name="parent", refresh=LAGGING)], store)[0]


def test_the_same_method_repeats_the_parents_remaining_steps(store, parent):
    """At step 10 a pool mined at 8 still waits for step 11: it comes along. Distances are from the fork's own start."""
    child = fork(store, "parent", 10)
    for name, tensor in load_file(parent.checkpoints()[12] / "model.safetensors").items():
        np.testing.assert_array_equal(tensor, load_file(child.checkpoints()[12] / "model.safetensors")[name])
    theirs, ours = (
        run.scalars(after_step=10)[["step", "name", "value"]].query("name != 'weights/distance'")
        for run in (parent, child)
    )
    pd.testing.assert_frame_equal(theirs.reset_index(drop=True), ours.reset_index(drop=True))
    theirs = parent.negatives().query("step > 10").reset_index(drop=True)
    pd.testing.assert_frame_equal(theirs, child.negatives().reset_index(drop=True))


def test_another_method_sees_the_same_queries_from_the_same_weights(store, parent):
    child = fork(store, "parent", 5, "random", steps=12)
    assert child.info["init"] == {"run": "parent", "step": 5}
    assert child.info["config"]["refresh"]["mode"] == "none"
    for file in ("model.safetensors", "optimizer.safetensors"):
        ours, theirs = (load_file(run.checkpoints()[5] / file) for run in (child, parent))
        assert ours.keys() == theirs.keys()
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name])
    what = ["step", "query", "positive"]
    theirs = parent.negatives().query("step > 5")[what].reset_index(drop=True)
    pd.testing.assert_frame_equal(child.negatives()[what].reset_index(drop=True), theirs)
    assert child.scalars(["loss"]).step.min() == 6


@pytest.mark.parametrize("recipe", ["ance", "dance", "in-batch", "static-hard"])
def test_mining_methods_mine_at_the_fork(store, parent, recipe):
    child = fork(store, "parent", 5, recipe, method={"dual_weight": 0.1} if recipe == "dance" else {})
    mined = child.refreshes().step.tolist()
    assert child.status().state == "finished"
    if recipe in ("dance", "static-hard"):
        assert mined[0] == 5


def test_a_stopped_fork_resumes_without_its_parent(store, parent):
    whole = fork(store, "parent", 5, "random", name="whole")
    config = resolve(fork_settings(store.run("parent"), 5, "random", {"name": "halted"}))

    def stop(training):
        if training.step == 8:
            training.control.stopped = True

    train_runs([config], store, watch=stop)
    assert store.run("halted").status().state == "stopped"
    store.delete("parent")
    resumed = resume_run("halted", store)
    pd.testing.assert_frame_equal(
        resumed.scalars()[["step", "name", "value"]], whole.scalars()[["step", "name", "value"]]
    )


def test_forks_that_cannot_be_are_refused(store, parent):
    with pytest.raises(
        ConfigError, match="fork: run 'parent' has no checkpoint at step '7'; it has 0, 5, 10, 12"
    ):
        fork(store, "parent", 7)
    with pytest.raises(ConfigError, match="steps: run 'parent' ends at step 12"):
        fork(store, "parent", 12)
    with pytest.raises(ConfigError, match="steps: 6 given, but the fork begins at 10"):
        fork(store, "parent", 10, steps=6)
    assert json.loads((parent.folder / "run.json").read_text())["config"]["fork"] is None
