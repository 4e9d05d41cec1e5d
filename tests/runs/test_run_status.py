import os
import platform
import sqlite3
import time
from dataclasses import replace
from typing import Any

import pytest

from ance_core.runs import Run, RunWriter, Store
from ance_core.runs.status import Writer


def rewrite(run: Run, **values: Any) -> None:
    """Change the heartbeat row behind everybody's back."""
    with sqlite3.connect(run.folder / "log.sqlite") as connection:
        for name, value in values.items():
            connection.execute(f"UPDATE heartbeat SET {name} = ?", (value,))
    connection.close()


@pytest.fixture
def writer(store: Store) -> RunWriter:
    return store.create_run("a", {"steps": 100})


def test_a_process_is_recognised_by_pid_and_start() -> None:
    me = Writer.this()
    assert me.alive(heartbeat=0.0)
    assert not replace(me, started=me.started - 60).alive(
        heartbeat=time.time()
    )  # the pid was given out again
    assert not replace(me, pid=0).alive(heartbeat=time.time())
    assert not replace(me, pid=2**22 + 1).alive(heartbeat=time.time())  # beyond Linux's largest pid


def test_other_machines_are_judged_by_their_heartbeat(store: Store, writer: RunWriter) -> None:
    writer.heartbeat(1, "running")
    run = store.run("a")
    rewrite(run, host=platform.node() + "-other", pid=1, time=time.time() - 30)
    assert run.status().state == "running"
    rewrite(run, time=time.time() - 90)
    status = run.status()
    assert status.state == "dead"
    assert 85 < status.heartbeat_age_s < 120


def test_states_and_messages_show_at_once_and_steps_with_the_next_flush(
    store: Store, writer: RunWriter
) -> None:
    run = store.run("a")
    status = run.status()
    assert (status.state, status.step, status.steps, status.rate) == ("waiting", 0, 100, 0.0)
    assert (status.pid, status.active) == (os.getpid(), True)
    writer.heartbeat(3, "warming-up", "step 3 of the warm-up", steps=40)
    status = run.status()
    assert (status.state, status.step, status.steps, status.message) == (
        "warming-up",
        3,
        40,
        "step 3 of the warm-up",
    )
    assert status.active
    writer.heartbeat(4, "warming-up", "step 3 of the warm-up")
    writer.flush()
    assert run.status().step == 4
    writer.finish("stopped", message="as you wished")
    status = run.status()
    assert (status.state, status.message, status.active, status.pid) == ("stopped", "as you wished", False, 0)


def test_rate_is_that_of_the_last_steps(store: Store, writer: RunWriter) -> None:
    run = store.run("a")
    seconds = 0.0
    for step in range(1, 201):
        seconds += 1.0 if step <= 100 else 0.1
        writer.scalars(step, {"loss": 0.0, "lr": 0.0}, seconds, 0)
    writer.flush()
    assert run.status().rate == pytest.approx(10.0)


def test_a_closed_run_without_an_end_is_dead(store: Store, writer: RunWriter) -> None:
    writer.heartbeat(1, "running")
    writer.close()
    assert store.run("a").status().state == "dead"


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (ValueError("loss is\nnot finite"), "failed", "ValueError: loss is not finite"),
        (KeyboardInterrupt(), "stopped", "KeyboardInterrupt: "),
    ],
)
def test_an_exception_ends_the_run(store: Store, error: BaseException, state: str, message: str) -> None:
    run = store.create_run("b", {})
    run.scalars(1, {"loss": 2.0}, 0, 0)
    with pytest.raises(type(error)), run:
        raise error
    status = store.run("b").status()
    assert (status.state, status.message) == (state, message.strip())
    assert len(store.run("b").scalars()) == 1
