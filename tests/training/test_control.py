"""Pause, single steps, resume and stop from another process's point of view; none of them changes a number."""

import threading
import time

import pandas as pd

from ance_core.training.session import resume_run, train_runs

from .test_session import assert_same_run


class Elsewhere(threading.Thread):
    """Trains in a thread, so that the test can be the dashboard."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self.work, self.error = work, None

    def run(self):
        try:
            self.work()
        except BaseException as error:
            self.error = error


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def long_settings(settings, name):
    return settings(
        recipe="ance",
        name=name,
        steps=300,
        record={"eval_every": 100, "snapshot_every": 0, "checkpoint_every": 100},
    )


def test_pause_step_resume_stop_and_go_on(store, settings):
    (plain,) = train_runs([long_settings(settings, "plain")], store)

    training = Elsewhere(lambda: train_runs([long_settings(settings, "driven")], store))
    training.start()
    wait_for(
        lambda: "driven" in {r.name for r in store.runs()} and store.run("driven").status().state == "running"
    )
    run = store.run("driven")
    run.control("pause")
    wait_for(lambda: run.status().state == "paused")
    at = run.status().step
    time.sleep(0.5)
    assert run.status().step == at

    run.control("step", 3)
    wait_for(lambda: run.status().step == at + 3 and run.status().state == "paused")

    run.control("stop")
    training.join(60)
    assert training.error is None
    assert run.status().state == "stopped"
    assert run.status().step == at + 3
    assert run.events().query("kind == 'control'").message.tolist() == ["pause", "step 3", "stop"]

    resumed = resume_run("driven", store)
    assert resumed.status().state == "finished"
    assert_same_run(plain, resumed)


def test_one_paused_run_does_not_hold_up_its_neighbour(store, settings):
    configs = [long_settings(settings, "held"), long_settings(settings, "free")]

    def hold_at_once(training):
        if training.writer.name == "held" and training.step == 1:
            store.run("held").control("pause")

    training = Elsewhere(lambda: train_runs(configs, store, watch=hold_at_once))
    training.start()
    wait_for(
        lambda: "free" in {r.name for r in store.runs()} and store.run("free").status().state == "finished"
    )
    held = store.run("held").status()
    assert held.state == "paused"
    assert held.step < 300
    store.run("held").control("resume")
    training.join(60)
    assert training.error is None
    pd.testing.assert_series_equal(store.run("held").scalars().value, store.run("free").scalars().value)
