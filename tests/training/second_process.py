"""What tests of asynchronous refresh look at: the second process, its traces and what the run says of it."""

import os
import time

import psutil
import pytest

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
