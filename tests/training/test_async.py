"""Asynchronous refresh with a real second process: what it is for, and what is done to it. Nothing hangs, nothing
half-written is trained on, and the events tell what happened."""

import signal
import sys

import numpy as np
import pandas as pd
import psutil
import pytest

from ance_core.config import read_settings
from ance_core.data import load_dataset
from ance_core.errors import TrainingError
from ance_core.training.replay import replay_settings, schedule_of
from ance_core.training.session import resume_run, train_runs
from ance_core.training.settings import resolve

from .second_process import (
    assert_traces_gone,
    at_steps,
    events,
    inferencers,
    posix,
    refresh,
    wait_for,
)
from .test_session import WHAT, assert_same_run, final_weights

SCHEDULE = ["index_step", "active_step", "jaccard"]


def test_what_a_second_process_mined_repeats_in_one(store, settings):
    """Two runs in turns, an inferencer each, data in memory; both replay bit for bit, twice."""
    seen = []
    dataset = load_dataset("tiny")
    both = [
        settings(
            recipe="ance", steps=20, refresh=refresh(chunks=chunks), name=f"chunks-{chunks}", data="memory"
        )
        for chunks in (1, 2)
    ]
    runs = train_runs(both, store, dataset=dataset, watch=lambda training: seen.append(len(inferencers())))
    assert max(seen) == 2
    for run in runs:
        assert_traces_gone(run)
        pairs = schedule_of(run)
        assert pairs[0] == (0, 0)
        assert len(pairs) > 2
        assert all(index < active <= index + 8 for index, active in pairs[1:])
        in_use = run.negatives().groupby("step")["index_step"].max()
        expected = {step: max(index for index, active in pairs if active < step) for step in range(1, 21)}
        assert in_use.to_dict() == expected

        repeated = resolve(read_settings(run.folder / "replay.json"))
        first, second = train_runs([repeated, repeated], store, dataset=dataset)
        assert_same_run(first, second)
        pd.testing.assert_frame_equal(run.refreshes()[SCHEDULE], first.refreshes()[SCHEDULE])
        pd.testing.assert_frame_equal(run.scalars()[WHAT], first.scalars()[WHAT])
        pd.testing.assert_frame_equal(run.negatives(), first.negatives())
        for name, tensor in final_weights(run).items():
            np.testing.assert_array_equal(tensor, final_weights(first)[name])


@posix
def test_killed_it_is_started_again_and_then_done_without(store, settings):
    killed = []

    def kill(training):
        (process,) = inferencers()
        process.kill()
        killed.append(process.pid)

    config = settings(recipe="ance", steps=30, refresh=refresh(restarts=1))
    (run,) = train_runs([config], store, watch=at_steps(s5=kill, s20=kill))
    assert len(set(killed)) == 2
    first, last = events(run, "inferencer")
    assert first == "dead (exit code -9 (SIGKILL): it wrote nothing); started again (restart 1 of 1)"
    old = int(run.negatives()["index_step"].max())
    assert last == (
        f"dead (exit code -9 (SIGKILL): it wrote nothing); training goes on with the negatives of step {old}"
    )
    assert 4 <= old <= 20
    status = run.status()
    assert (status.state, status.step) == ("finished", 30)
    assert status.message == f"the inferencer is dead: negatives stay those of step {old}"
    assert_traces_gone(run)


@posix
def test_killed_it_stops_the_run_if_wanted_and_the_run_can_be_resumed(store, settings):
    kill = lambda training: inferencers()[0].kill()  # noqa: E731
    config = settings(recipe="ance", steps=20, refresh=refresh(when_dead="stop"), name="it")
    with pytest.raises(TrainingError, match=r"the inferencer is dead at step \d+ \(exit code -9 .*resume"):
        train_runs([config], store, watch=at_steps(s7=kill))
    assert store.run("it").status().state == "failed"
    assert inferencers() == []

    run = resume_run("it", store)
    assert run.status().state == "finished"
    pairs = schedule_of(run)
    assert pairs[1][0] == 5, (
        "what was asked before the interruption is asked again with the weights of the checkpoint"
    )
    (again,) = train_runs([resolve(replay_settings(run))], store)
    for name, tensor in final_weights(run).items():
        np.testing.assert_array_equal(tensor, final_weights(again)[name])
    pd.testing.assert_frame_equal(run.negatives(), again.negatives())
    assert_traces_gone(run)


@posix
def test_slow_it_is_waited_for_in_words_and_only_as_long_as_agreed(store, settings):
    """Stopped by signal: training goes on until its negatives are too old, then says what it waits for."""
    said = []

    def watch(training):
        if training.config.recipe != "ance":
            return
        if training.step == 1 and not said:
            inferencers()[0].send_signal(signal.SIGSTOP)
        message = store.run(training.writer.name).status().message
        if message and message not in said:
            assert training.step == 8
            said.append(message)
            inferencers()[0].send_signal(signal.SIGCONT)

    (run,) = train_runs([settings(recipe="ance", refresh=refresh())], store, watch=watch)
    assert said[0] == (
        "waits for the negatives of step 4 (those of step 0 are 8 steps old), for 120 s at most"
    )
    assert (4, 8) in schedule_of(run)
    assert events(run, "inferencer") == []
    assert run.results()["training"]["seconds"] > 0.5, "waiting is training time"


@posix
def test_one_that_does_not_answer_counts_as_dead(store, settings):
    stop = lambda training: inferencers()[0].send_signal(signal.SIGSTOP)  # noqa: E731
    config = settings(recipe="ance", refresh=refresh(timeout=0.5))
    (run,) = train_runs([config], store, watch=at_steps(s1=stop))
    assert events(run, "inferencer") == [
        "dead (no answer about step 4 for 0.5 s); training goes on with the negatives of step 0"
    ]
    assert set(run.negatives()["index_step"]) == {0}
    assert_traces_gone(run)


@posix
def test_stopped_for_good_it_does_not_hold_up_training(store, settings):
    stop = lambda training: inferencers()[0].send_signal(signal.SIGSTOP)  # noqa: E731
    config = settings(recipe="ance", refresh=refresh(max_staleness=0))
    (run,) = train_runs([config], store, watch=at_steps(s1=stop))
    assert run.status().state == "finished"
    assert schedule_of(run) == [(0, 0)]
    assert_traces_gone(run)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process can be set on Linux only")
def test_its_disk_full(store, settings):
    def fill(training):
        (process,) = inferencers()
        wait_for(lambda: process.nice() > psutil.Process().nice(), "to be ready and step back")
        process.rlimit(psutil.RLIMIT_FSIZE, (500, 500))

    (run,) = train_runs([settings(recipe="ance", refresh=refresh())], store, watch=at_steps(s1=fill))
    (message,) = events(run, "inferencer")
    assert message.startswith("dead (exit code 1: ")
    assert "cannot be written (File too large): free some disk space" in message
    assert message.endswith("training goes on with the negatives of step 0")
    assert set(run.negatives()["index_step"]) == {0}
    assert run.status().state == "finished"
    assert_traces_gone(run)
