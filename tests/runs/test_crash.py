"""Killed processes, full disks, readers amid all that: nothing is half-written, nothing is lost."""

import json
import os
import signal

import pytest

from ance_core.runs import Store

from . import toy_training
from .children import Start

TRAIN = """
import sys, toy_training
from ance_core.runs import Store
toy_training.train(Store(sys.argv[1]), sys.argv[2], die_at=int(sys.argv[3]))
"""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict:
    store = Store(tmp_path_factory.mktemp("whole") / "runs", create=True)
    toy_training.train(store, "toy")
    return toy_training.contents(store.run("toy"))


@pytest.mark.parametrize("die_at", [3, 10, 17, 30])
def test_killed_and_resumed_equals_uninterrupted(
    store: Store, start: Start, uninterrupted: dict, die_at: int
) -> None:
    killed = start(TRAIN, store.folder, "toy", die_at)
    assert killed.wait() == -signal.SIGKILL
    assert store.run("toy").status().state == "dead"

    toy_training.train(store, "toy", resume=True)

    run = store.run("toy")
    assert toy_training.contents(run) == uninterrupted
    assert run.events()["kind"].tolist().count("resumed") == 1
    assert run.status().state == "finished"


def test_a_killed_run_is_dead_and_readable(store: Store, start: Start) -> None:
    start(TRAIN, store.folder, "toy", 17).wait()
    run = store.run("toy")
    status = run.status()
    assert (status.state, status.steps, status.active) == ("dead", toy_training.STEPS, False)

    frame = run.scalars()
    assert frame["step"].max() >= 15  # the event of step 15 flushed all before it
    assert frame.groupby("step")["name"].nunique().eq(3).all()
    assert run.negatives()["step"].nunique() == 14  # flushed at 7, 10 and 14
    assert list(run.checkpoints()) == [10]


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="there are no zombies here")
def test_an_unreaped_child_counts_as_dead(store: Store, start: Start) -> None:
    killed = start(TRAIN, store.folder, "toy", 12)
    os.waitid(
        os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT
    )  # it has died; nobody took its exit code: a zombie
    assert store.run("toy").status().state == "dead"
    assert killed.wait() == -signal.SIGKILL


def test_leftovers_of_a_killed_writer_are_swept(store: Store, start: Start) -> None:
    code = """
    import os, signal, sys
    from ance_core.runs import Store
    run = Store(sys.argv[1]).create_run("a", {})
    with run.checkpoint(1) as folder:
        (folder / "weights").write_text("half of them")
        os.kill(os.getpid(), signal.SIGKILL)
    """
    start(code, store.folder).wait()
    place = store.folder / "a" / "checkpoints"
    assert [path.name[:5] for path in place.iterdir()] == [".tmp-"]
    assert store.run("a").checkpoints() == {}
    store.resume_run("a").close()
    assert list(place.iterdir()) == []


def test_reading_while_another_process_writes(store: Store, start: Start) -> None:
    code = """
    import sys, toy_training
    from ance_core.runs import Store
    store = Store(sys.argv[1])
    run = store.create_run("toy", {})
    for step in range(1, 401):
        toy_training.one_step(run, step)
        if step % 3 == 0:
            run.flush()
        if step % 40 == 0:  # the log leaves WAL mode and returns to it under the reader's eyes
            run.finish("stopped")
            run = store.resume_run("toy")
    run.finish()
    """
    writer = start(code, store.folder)
    seen, reads = 0, 0
    while writer.poll() is None:
        if not (runs := store.runs()):
            continue
        run = runs[0]
        frame = run.scalars()
        steps = frame["step"].unique().tolist()
        assert steps == list(range(1, len(steps) + 1))
        assert frame.groupby("step").size().eq(3).all()
        assert len(steps) >= seen
        drawn = run.negatives(columns=["step"])["step"].value_counts()
        assert drawn.eq(toy_training.ROWS).all()
        assert drawn.index.max() == len(drawn) or drawn.empty
        assert run.status().state in ("waiting", "running", "stopped", "finished")
        for step in run.snapshots()[-2:]:
            assert (run.snapshot(step)["documents"] == step).all()
        seen, reads = len(steps), reads + 1
    assert writer.returncode == 0, writer.stderr.read()
    assert reads > 3
    assert store.problems() == []
    assert store.runs()[0].scalars()["step"].nunique() == 400


FULL = """
import json, resource, sys, numpy as np
from ance_core.errors import StoreError
from ance_core.runs import Store
import pyarrow.parquet, toy_training

def limit(size):  # no file may grow beyond it: what a full disk looks like to a process
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

store, what, messages = Store(sys.argv[1], create=True), sys.argv[2], []
run = store.create_run("a", {"steps": 10})
run.scalars(1, {"loss": 1.0}, 0.1, 32)
run.flush()
limit(4096)
for attempt in range(2):
    try:
        if what == "log":
            if not attempt:
                run.scalars(2, {f"measure-{i}": i / 3 for i in range(5000)}, 0.2, 64)
            run.flush()
        elif what == "negatives":
            if not attempt:
                for step in range(1, 200):
                    run.negatives(toy_training.records(step))
            run.flush_negatives(10_000)
        elif what == "snapshot":
            run.snapshot(1, {"documents": np.zeros((100, 100))})
        elif what == "checkpoint":
            with run.checkpoint(1) as folder:
                (folder / "weights").write_bytes(bytes(100_000))
        elif what == "finish":
            run.finish("finished", {"dev": {f"measure-{i}": i / 3 for i in range(5000)}})
        elif what == "create":
            limit(100)
            store.create_run("b", {"steps": 10})
        elif what == "probe":
            Store(sys.argv[1] + "-other", create=True)
        elif what == "export":
            store.export("a", sys.argv[1])
    except StoreError as error:
        messages.append(str(error))
left = [str(p) for p in store.folder.rglob(".tmp-*")]
limit(resource.RLIM_INFINITY)
if what == "finish":
    run.finish("finished", {"dev": {"RR@10": 1}})
else:
    run.close()
print(json.dumps({"messages": messages, "left": left}))
"""


@pytest.mark.parametrize(
    "what", ["log", "negatives", "snapshot", "checkpoint", "finish", "create", "probe", "export"]
)
def test_full_disk(store: Store, start: Start, what: str) -> None:
    pytest.importorskip("resource", reason="file size limits are a POSIX thing")
    child = start(FULL, store.folder, what)
    output, errors = child.communicate()
    assert child.returncode == 0, errors
    answer = json.loads(output)

    assert len(answer["messages"]) == 2
    for message in answer["messages"]:
        assert "\n" not in message
        assert "free" in message
        assert "--runs" in message
    assert answer["left"] == []
    assert [run.name for run in store.runs()] == ["a"]
    run = store.run("a")
    assert run.scalars(["loss"])["value"].tolist() == [1.0]
    # What waited in memory was written when there was room again; what was refused is absent, not half there.
    assert len(run.scalars()) == (5001 if what == "log" else 1)
    assert len(run.negatives()) == (199 * toy_training.ROWS if what == "negatives" else 0)
    assert run.snapshots() == []
    assert run.checkpoints() == {}


def test_an_exception_on_a_full_disk_is_not_hidden_by_the_second_one(store: Store, start: Start) -> None:
    pytest.importorskip("resource", reason="file size limits are a POSIX thing")
    code = """
    import resource, sys
    from ance_core.runs import Store
    with Store(sys.argv[1]).create_run("a", {}) as run:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        run.scalars(1, {f"x{i}": 0.0 for i in range(5000)}, 0, 0)
        raise ArithmeticError("the loss is not finite")
    """
    child = start(code, store.folder)
    _, errors = child.communicate()
    assert "ArithmeticError: the loss is not finite" in errors.splitlines()[-1]
    assert store.run("a").status().state == "dead"
