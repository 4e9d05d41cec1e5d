"""Asynchronous refresh with a real second process: what it is for, and what is done to it. Nothing hangs, nothing
half-written is trained on, and the events tell what happened."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pandas as pd
import psutil
import pytest
import torch

from ance_core.config import EncoderConfig, read_settings
from ance_core.data import load_dataset
from ance_core.data.tokens import tokenized
from ance_core.encoders import build_encoder, encode_corpus
from ance_core.errors import ConfigError, TrainingError
from ance_core.retrieval import build_index, search
from ance_core.training.replay import replay_settings, schedule_of
from ance_core.training.session import resume_run, train_runs
from ance_core.training.settings import resolve

from .test_session import WHAT, assert_same_run, final_weights

SCHEDULE = ["index_step", "active_step", "jaccard"]
posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def refresh(**values):
    """Every 4 steps, and no update with negatives of weights 8 steps old: so each refresh is used."""
    return {"mode": "async", "every": 4, "max_staleness": 8, "timeout": 120.0, "restarts": 0} | values


def inferencers(pid=None):
    """Processes of inferencers that live below this one."""
    found = []
    for child in psutil.Process(pid).children():
        try:
            if child.status() != psutil.STATUS_ZOMBIE and "ance_core.training.inferencer" in child.cmdline():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def wait_for(condition, what, seconds=120):
    """The first true value of `condition()`."""
    until = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < until, f"{what}: not within {seconds} s"
        time.sleep(0.01)
    return value


def answered(training):
    """Wait until the inferencer has answered; the folder of the hand-off."""
    folder = training.writer.folder
    return wait_for(lambda: list(folder.glob(".tmp-exchange-*/result.json")), "an answer")[0].parent


def at_steps(**actions):
    """A watcher that calls `actions["s<n>"](training)` once, after step n."""

    def watch(training):
        if training.config.recipe == "ance" and (action := actions.pop(f"s{training.step}", None)):
            action(training)

    return watch


def assert_traces_gone(run):
    assert inferencers() == []
    assert list(run.folder.glob(".tmp-*")) == []


def events(run, kind):
    return run.events().query("kind == @kind").message.tolist()


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


def pools_of(folder):
    (path,) = folder.glob("pools-*.safetensors")
    return path


def truncate(training):
    path = pools_of(answered(training))
    path.write_bytes(path.read_bytes()[:-10])


def corrupt(training):
    path = pools_of(answered(training))
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)


def lose(training):
    pools_of(answered(training)).unlink()


def garble(training):
    (answered(training) / "result.json").write_text('{"number": 4, "st')


def test_answers_that_are_not_whole_are_refused(store, settings):
    faults = at_steps(s5=truncate, s9=corrupt, s13=lose, s17=garble)
    config = settings(recipe="ance", steps=24, refresh=refresh(max_staleness=0))
    whole = at_steps(s21=answered)

    def watch(training):
        faults(training)
        whole(training)

    (run,) = train_runs([config], store, watch=watch)
    refused = events(run, "refresh refused")
    ending = "; training goes on with the negatives of step 0"
    assert [message.endswith(ending) for message in refused] == [True] * 4
    reasons = [message.removesuffix(ending) for message in refused]
    assert reasons[0].startswith("pools-1.safetensors has ")
    assert reasons[1] == "pools-2.safetensors has another content than was written"
    assert reasons[2] == "pools-3.safetensors is missing"
    assert reasons[3] == "result.json cannot be read"
    assert schedule_of(run) == [(0, 0), (20, 21)]
    assert set(run.negatives()["index_step"]) == {0, 20}


@contextmanager
def trainer(tmp_path, settings_):
    """`ance train` as a process of its own."""
    (tmp_path / "settings.json").write_text(json.dumps(settings_.model_dump(mode="json")))
    command = [sys.executable, "-m", "ance_core", "train", "--runs", str(tmp_path / "runs"), "--name", "it"]
    process = subprocess.Popen(
        [*command, "--config", str(tmp_path / "settings.json")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@posix
def test_killed_trainer_takes_its_inferencer_along_and_is_resumed(tmp_path, store, settings):
    config = settings(recipe="ance", steps=4000, refresh=refresh(max_staleness=0, every=40))

    def refreshed():
        return "it" in [run.name for run in store.runs()] and len(store.run("it").refreshes()) > 1

    with trainer(tmp_path, config) as process:
        wait_for(refreshed, "a refresh")
        (inferencer,) = inferencers(process.pid)
        process.kill()
        process.wait()
        assert psutil.wait_procs([inferencer], timeout=10) == ([inferencer], [])
    status = store.run("it").status()
    assert status.state == "dead"
    assert list((tmp_path / "runs" / "it").glob(".tmp-exchange-*")), "a killed process cannot clean up"

    def stop(training):
        store.run("it").control("stop")

    run = resume_run("it", store, watch=at_steps(**{f"s{max(store.run('it').checkpoints()) + 30}": stop}))
    assert run.status().state == "stopped"
    pairs = schedule_of(run)
    assert len({index for index, _ in pairs}) == len({active for _, active in pairs}) == len(pairs)
    in_use = run.negatives().groupby("step")["index_step"].max()
    expected = [max(index for index, active in pairs if active < step) for step in in_use.index]
    assert in_use.tolist() == expected
    assert_traces_gone(run)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"mode": "sync", "when_dead": "stop"}, "refresh.when_dead: 'stop' needs mode 'async', not 'sync'"),
        ({"mode": "async", "lag": 3}, "refresh.lag: 3 needs mode 'lag', not 'async'"),
        ({"mode": "async", "every": 50, "max_staleness": 50}, "refresh.max_staleness: 50 is not above every"),
        ({"mode": "async", "timeout": 0}, "refresh.timeout: 0 given"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(values, error, settings):
    with pytest.raises(ConfigError, match=error):
        settings(recipe="ance", refresh=values)


@pytest.mark.parametrize("kind", ["static", "mini"])
def test_pools_do_not_depend_on_the_number_of_threads(kind):
    """Why a replay repeats what an inferencer with one thread mined, whatever the run's own number is."""
    config = EncoderConfig(kind=kind, width=32, dim=64, vocab_size=400)
    dataset = load_dataset("tiny")
    tokens = tokenized(dataset, encoder=config)
    model = build_encoder(config, dataset, tokens, 0)
    rows = np.tile(np.arange(len(dataset.docs)), 12)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            docs = encode_corpus(model, tokens.docs, rows, "document", autocast=True)
            found.append((docs, *search(build_index(docs), docs[:200], 100)))
    finally:
        torch.set_num_threads(before)
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_episodes_need_to_know_when_pools_come(settings):
    with pytest.raises(ConfigError, match=r"method\.restart: episodes begin where new pools come into use"):
        settings(recipe="ance-tele", refresh={"mode": "async"}, method={"restart": True})
