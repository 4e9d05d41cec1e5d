"""Asynchronous refresh seen from the trainer: killed and resumed, told nonsense, threads and episodes."""

import json
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import psutil
import pytest
import torch

from ance_core.config import EncoderConfig
from ance_core.data import load_dataset
from ance_core.data.tokens import tokenized
from ance_core.encoders import build_encoder, encode_corpus
from ance_core.errors import ConfigError
from ance_core.retrieval import build_index, search
from ance_core.retrieval.dense import search_threads, use_search_threads
from ance_core.training.replay import schedule_of
from ance_core.training.session import resume_run

from .second_process import (
    assert_traces_gone,
    at_steps,
    inferencers,
    posix,
    refresh,
    wait_for,
)


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
    before, found = (torch.get_num_threads(), search_threads()), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            use_search_threads(threads)
            docs = encode_corpus(model, tokens.docs, rows, "document", autocast=True)
            found.append((docs, *search(build_index(docs), docs[:200], 100)))
    finally:
        torch.set_num_threads(before[0])
        use_search_threads(before[1])
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_episodes_need_to_know_when_pools_come(settings):
    with pytest.raises(ConfigError, match=r"method\.restart: episodes begin where new pools come into use"):
        settings(recipe="ance-tele", refresh={"mode": "async"}, method={"restart": True})
