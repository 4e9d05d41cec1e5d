"""The logged distance of the weights from their start: against checkpoints, over resuming and forks, and its lesson."""

import math

import numpy as np
import pytest
from safetensors.numpy import load_file

from ance_core.config import merge
from ance_core.training.session import resume_run, train_runs
from ance_core.training.settings import resolve
from ance_core.training.start import fork_settings

DISTANCE = "weights/distance"


def distances(run):
    """Logged distance by step."""
    table = run.scalars([DISTANCE])
    return dict(zip(table["step"].tolist(), table["value"].tolist(), strict=True))


def recomputed(run, step, first=0):
    """||w(step) - w(first)|| from two checkpoints, in float64."""
    now, then = (load_file(run.checkpoints()[s] / "model.safetensors") for s in (step, first))
    return math.sqrt(sum(float(((now[n].astype(float) - then[n]) ** 2).sum()) for n in now))


@pytest.mark.parametrize("recipe", ["ance", "adore", "dance"])
@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_it_is_what_the_checkpoints_say(store, settings, recipe, kind):
    optimizer = {"kind": kind} | ({"learning_rate": 0.1} if kind == "sgd" else {})
    (run,) = train_runs([settings(recipe=recipe, optimizer=optimizer, steps=22)], store)
    logged = distances(run)
    assert list(logged) == [0, 10, 20, 22]
    assert logged[0] == 0
    for step, value in logged.items():
        assert value == pytest.approx(recomputed(run, step), rel=1e-5)
    assert logged[22] > 0


def test_a_resumed_run_measures_from_the_same_start(store, settings):
    def halt(training):
        if training.writer.name == "halted" and training.step == 13:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_runs([settings(recipe="random", name="halted", steps=24)], store, watch=halt)
    run = resume_run("halted", store)
    assert list(distances(run)) == [0, 10, 20, 24]
    assert distances(run)[24] == pytest.approx(recomputed(run, 24), rel=1e-5)


def test_without_its_first_checkpoint_a_resumed_run_says_that_it_no_longer_measures(store, settings):
    import shutil

    def halt(training):
        if training.writer.name == "halted" and training.step == 13:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_runs([settings(recipe="random", name="halted", steps=24)], store, watch=halt)
    shutil.rmtree(store.run("halted").checkpoints()[0])
    run = resume_run("halted", store)
    assert list(distances(run)) == [0, 10]
    (message,) = run.events().query("kind == 'distance'").message
    assert "weights of step 0 are gone" in message


def test_a_fork_measures_from_where_it_begins(store, settings):
    (parent,) = train_runs([settings(recipe="ance", name="parent")], store)
    (child,) = train_runs([resolve(fork_settings(parent, 5, "random", {}))], store)
    assert list(distances(child)) == [5, 10, 12]
    assert distances(child)[5] == 0
    assert distances(child)[12] == pytest.approx(recomputed(child, 12, first=5), rel=1e-5)


def test_weights_that_start_over_are_back_where_they_were(store, settings):
    what = {"recipe": "ance-tele", "method": {"restart": True}, "steps": 20}
    (run,) = train_runs([settings(**what, refresh={"mode": "sync", "every": 9})], store)
    for step, value in distances(run).items():
        assert value == pytest.approx(recomputed(run, step), rel=1e-5)
    assert distances(run)[10] < distances(run)[20]  # one update into its episode, and two


LESSON = {
    "data": "catalogue:1000",
    "encoder": {"width": 64, "dim": 64, "vocab_size": 2000},
    "steps": 40,
    "warmup": {"steps": 200},
    "record": {"eval_every": 200, "snapshot_every": 0, "checkpoint_every": 0, "negatives": False},
}


def norms_and_distances(store, optimizer):
    """Mean gradient norm and last distance of ance over those of random, from the same start at the same rate."""
    both = [resolve(merge(LESSON, {"recipe": name, "optimizer": optimizer})) for name in ("random", "ance")]
    random, ance = train_runs(both, store)
    assert random.info["init"] == ance.info["init"]
    norms = [float(np.mean(run.scalars(["grad_norm/total"])["value"])) for run in (random, ance)]
    ends = [distances(run)[40] for run in (random, ance)]
    return norms[1] / norms[0], ends[1] / ends[0]


def test_larger_gradients_move_weights_further_under_sgd_and_not_under_adamw(store):
    plain = {"kind": "sgd", "learning_rate": 0.02, "max_grad_norm": None}
    norms, distance = norms_and_distances(store, plain)
    assert norms > 2, "the collection of this test no longer tells the two methods apart"
    assert distance == pytest.approx(norms, rel=0.15)
    norms, distance = norms_and_distances(store, {"learning_rate": 1.2e-3, "max_grad_norm": None})
    assert norms > 2
    assert distance < 1.2
