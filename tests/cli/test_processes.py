"""Several trainings at once, and Ctrl-C: real processes, real signals, one runs folder."""

import json
import signal
import subprocess
import time

import pytest

from ance_core.config import merge
from ance_core.errors import StoreError
from ance_core.runs import Store

from ..terminal import Done, command
from ..training.conftest import SMALL

LONG = {"warmup": {"steps": 1000}, "steps": 30, "recipe": "ance", "record": {"snapshot_every": 0}}


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "long.json"
    path.write_text(json.dumps(merge(SMALL, LONG)))
    return path


def start(*words):
    """A command as a prompt starts it: a shell's background job, which this suite may be, would ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return subprocess.Popen(command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)


def end(process):
    out, err = process.communicate(timeout=200)
    return Done(process.returncode, out, err)


def states(runs):
    """State and message of every run that can be read at this moment."""
    try:
        return {run.name: (run.status().state, run.status().message) for run in Store(runs).runs()}
    except StoreError:  # the folder is not there yet
        return {}


def warmups(runs):
    """The warm-ups at work."""
    names = [name for name, (state, _) in states(runs).items() if state in ("running", "paused")]
    return [run for run in map(Store(runs).run, names) if run.info["kind"] == "warmup"] if names else []


def until(condition, *processes):
    deadline = time.monotonic() + 200
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        assert all(process.poll() is None for process in processes), [end(p) for p in processes]
        time.sleep(0.02)


def test_two_at_once_share_a_warm_up_and_fight_for_a_name(tmp_path, config):
    """One trains the shared start, the other waits and says so; of two with the same name one is refused."""
    runs = tmp_path / "runs"
    words = ("train", "--config", config, "--runs", runs, "--json")
    processes = [start(*words, "--name", name) for name in ("a", "b", "b")]
    until(lambda: warmups(runs), processes[0])
    warmups(runs)[0].control("pause")  # held there until all have come
    waited = {}

    def seen():
        found = states(runs).items()
        waited.update({name: message for name, (state, message) in found if state == "waiting" and message})
        return waited and any(process.poll() is not None for process in processes)

    until(seen)
    warmups(runs)[0].control("resume")
    first, *pair = map(end, processes)
    refused, won = sorted(pair, key=lambda done: done.code == 0)
    assert (first.code, won.code, refused.code) == (0, 0, 1), (first, won, refused)
    assert refused.out == ""
    assert refused.err.startswith("ance: run 'b': exists already in")
    assert refused.err.count("\n") == 1
    assert [json.loads(done.out)["run"] for done in (first, won)] == ["a", "b"]

    (warmup,) = (run for run in Store(runs).runs() if run.info["kind"] == "warmup")
    assert warmup.events().query("kind == 'resumed'").empty
    assert warmup.status().state == "finished"
    assert list(waited.values()) == [f"another process trains the shared start {warmup.name}"]
    assert {run.info["init"]["run"] for run in Store(runs).runs() if run.info["kind"] == "run"} == {
        warmup.name
    }
    assert len(states(runs)) == 3
    assert list(runs.glob(".tmp-*")) == []


def test_ctrl_c_stops_and_says_how_to_go_on(tmp_path, config):
    runs = tmp_path / "runs"
    process = start(
        "train", "--config", config, "--name", "mine", "--steps", 100_000, "--warmup-steps", 5, "--runs", runs
    )
    until(lambda: "mine" in states(runs) and Store(runs).run("mine").status().step > 20, process)
    process.send_signal(signal.SIGINT)
    done = end(process)
    assert done == (130, "", f"ance: interrupted; go on with: ance train --resume mine --runs {runs}\n")
    status = Store(runs).run("mine").status()
    assert (status.state, status.message) == ("stopped", "interrupted; go on with `ance train --resume mine`")
    assert not list(runs.rglob(".tmp-*"))


def test_ctrl_c_in_the_warm_up_stops_both_and_resume_goes_on_with_both(tmp_path, config, ance):
    runs = tmp_path / "runs"
    process = start("train", "--config", config, "--name", "mine", "--runs", runs)

    def warming():
        return any(run.status().step > 20 for run in warmups(runs))

    until(warming, process)
    process.send_signal(signal.SIGINT)
    done = end(process)
    assert done == (130, "", f"ance: interrupted; go on with: ance train --resume mine --runs {runs}\n")
    assert {state for state, _ in states(runs).values()} == {"stopped"}
    assert ance("train", "--resume", "mine", "--runs", runs).code == 0
    assert {state for state, _ in states(runs).values()} == {"finished"}
