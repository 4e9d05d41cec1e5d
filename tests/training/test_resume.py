"""Kill -9 at any moment, resume: the log and the weights are those of an uninterrupted run, bit for bit."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from ance_core.config import merge
from ance_core.runs import Store

from .conftest import SMALL
from .test_session import assert_same_run

SETTINGS = merge(
    SMALL,
    {
        "recipe": "ance",
        "steps": 400,
        "warmup": {"steps": 200},
        "refresh": {"mode": "lag", "every": 30, "lag": 20},
        "record": {"eval_every": 25, "snapshot_every": 50, "checkpoint_every": 25},
        "encoder": {"dropout": 0.1},
        "threads": 1,
    },
)


@pytest.fixture
def command(tmp_path):
    config = tmp_path / "settings.json"
    config.write_text(json.dumps(SETTINGS))

    def build(runs, *rest):
        base = [sys.executable, "-m", "ance_core", "train", "--runs", str(runs)]
        return [*base, *(rest or ["--config", str(config), "--name", "it"])]

    return build


def kill_at(command, store_folder, reached):
    """Start a training and kill it, without warning, once `reached(store)`; False if it ended before."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    store, deadline = None, time.monotonic() + 120
    while process.poll() is None:
        if store is None and store_folder.is_dir():
            store = Store(store_folder)
        if store is not None and reached(store):
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            return True
        assert time.monotonic() < deadline, "the training never got there"
        time.sleep(0.002)
    return False


def step_of(store, name):
    try:
        return store.run(name).status().step
    except Exception:  # half-born: its folder is not there yet
        return -1


def warming(store):
    return any(run.info["kind"] == "warmup" and run.status().step > 60 for run in store.runs())


def test_killed_three_times_it_ends_as_if_it_never_was(tmp_path, command):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(command(whole), check=True, capture_output=True)

    assert kill_at(command(broken), broken, warming)
    assert Store(broken).run("it").status().state == "dead"
    again = command(broken, "--resume", "it")
    for threshold in (40, 180):
        assert kill_at(again, broken, lambda store, limit=threshold: step_of(store, "it") > limit)
        assert Store(broken).run("it").status().state == "dead"
    done = subprocess.run([*again, "--json"], check=True, capture_output=True, text=True)

    summary = json.loads(done.stdout)
    assert (summary["state"], summary["steps"]) == ("finished", 400)
    resumed = Store(broken).run("it")
    assert_same_run(Store(whole).run("it"), resumed)
    assert len(resumed.events().query("kind == 'resumed'")) == 3


def test_resume_refuses_other_settings(tmp_path, command):
    done = subprocess.run(
        command(tmp_path / "runs", "--resume", "it", "--steps", "9"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("ance: --resume: goes on with the settings of 'it'; leave out steps")
