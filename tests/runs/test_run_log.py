"""What goes into the log comes out of it, and control rows go the other way."""

import math
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ance_core.errors import StoreError
from ance_core.runs import RunWriter, Store, log

from .children import Start


@pytest.fixture
def writer(store: Store) -> Iterator[RunWriter]:
    with store.create_run("a", {"steps": 100}) as run:
        yield run


def test_scalars_come_back_tidy(store: Store, writer: RunWriter) -> None:
    run = store.run("a")
    assert run.scalars().empty
    writer.scalars(2, {"loss": np.float32(0.5), "lr": 1}, seconds=0.25, examples=np.int64(64))
    writer.scalars(1, {"loss": math.nan, "margin": -math.inf}, seconds=0.125, examples=32)
    writer.flush()
    frame = run.scalars()
    assert frame.dtypes.astype(str).to_dict() == {
        "step": "int64", "name": "str", "value": "float64", "seconds": "float64", "examples": "int64",
    }  # fmt: skip
    assert run.scalars().dtypes.equals(run.scalars(["none such"]).dtypes)
    rows = frame.fillna(-7.0).values.tolist()
    assert rows == [
        [1, "loss", -7.0, 0.125, 32], [1, "margin", -math.inf, 0.125, 32],
        [2, "loss", 0.5, 0.25, 64], [2, "lr", 1.0, 0.25, 64],
    ]  # fmt: skip
    assert run.scalars(["lr", "margin"])["name"].tolist() == ["margin", "lr"]
    assert run.scalars(after_step=1)["step"].tolist() == [2, 2]
    assert run.scalars(["loss"], after_step=1)["value"].tolist() == [0.5]
    assert run.scalars(names=[]).empty


def test_a_repeated_value_replaces_the_first(store: Store, writer: RunWriter) -> None:
    for value in (1.0, 2.0):
        writer.scalars(1, {"loss": value}, 0, 0)
        writer.refresh({"step": 1, "index_step": 0, "jaccard": value})
    assert store.run("a").scalars()["value"].tolist() == [2.0]
    assert store.run("a").refreshes()["jaccard"].tolist() == [2.0]


def test_events_and_refreshes(store: Store, writer: RunWriter) -> None:
    run = store.run("a")
    assert run.events().empty
    assert run.refreshes().empty
    writer.event(3, "refresh", "pools rebuilt")
    writer.event(1, "note", "β")
    writer.refresh(
        {
            "step": np.int64(5),
            "index_step": 4,
            "active_step": 6,
            "seconds_total": np.float32(0.5),
            "queries": 9,
        }
    )
    assert run.events()[["step", "kind", "message"]].values.tolist() == [
        [3, "refresh", "pools rebuilt"],
        [1, "note", "β"],
    ]
    row = run.refreshes().iloc[0]
    assert row[["step", "index_step", "active_step", "seconds_total", "queries"]].tolist() == [
        5,
        4,
        6,
        0.5,
        9,
    ]
    assert math.isnan(row["jaccard"])
    with pytest.raises(ValueError, match="did you mean 'jaccard'"):
        writer.refresh({"step": 1, "jacard": 0.5})


def test_the_version_tells_whether_to_read_again(store: Store, writer: RunWriter) -> None:
    run = store.run("a")
    before = run.version()
    writer.heartbeat(5, "running", "a heartbeat is not news")
    assert run.version() == before
    changes = [
        lambda: (writer.scalars(1, {"loss": 1.0}, 0, 0), writer.flush()),
        lambda: writer.event(1, "note", ""),
        lambda: writer.refresh({"step": 1}),
        lambda: (writer.snapshot(1, {"rows": np.arange(3)}), writer.flush()),
        lambda: writer.truncate_after(0),
        lambda: writer.finish("stopped"),
    ]
    seen = {before}
    for change in changes:
        change()
        assert run.version() not in seen
        seen.add(run.version())
    assert run.version() == run.version()


def test_commands_arrive_once_and_in_order(store: Store, writer: RunWriter) -> None:
    run = store.run("a")
    assert writer.poll_control() == []
    run.control("pause")
    run.control("step", 5)
    assert writer.poll_control() == [("pause", 0), ("step", 5)]
    assert writer.poll_control() == []
    run.control("stop")
    assert writer.poll_control() == [("stop", 0)]
    with pytest.raises(StoreError, match="command 'halt'"):
        run.control("halt")
    with pytest.raises(StoreError, match="did you mean 'pause'"):
        run.control("pasue")


def test_nobody_listens_to_a_run_that_has_ended(store: Store, writer: RunWriter) -> None:
    run = store.run("a")
    run.control("stop")
    writer.close()
    with pytest.raises(StoreError, match="dead, nothing is listening: --resume a first"):
        run.control("pause")
    with store.resume_run("a") as again:
        assert again.poll_control() == []  # the command was for the process before
        again.finish()
    with pytest.raises(StoreError, match="finished, nothing is listening"):
        run.control("pause")


def test_a_run_that_ended_is_one_plain_file(store: Store, writer: RunWriter) -> None:
    folder = store.folder / "a"
    assert (folder / "log.sqlite-wal").exists()
    writer.finish()
    assert sorted(path.name for path in folder.glob("log*")) == ["log.sqlite"]
    assert (folder / "log.sqlite").read_bytes()[18:20] == b"\x01\x01"  # the header's mark for "not WAL"


def test_writing_after_the_end_is_a_mistake(store: Store, writer: RunWriter) -> None:
    writer.finish()
    writer.close()
    with pytest.raises(sqlite3.ProgrammingError):
        writer.event(1, "note", "")
    with pytest.raises(ValueError, match="state 'done'"):
        writer.finish("done")
    with pytest.raises(ValueError, match="did you mean 'running'"):
        writer.heartbeat(1, "runing")


def test_damaged_and_vanished_logs_are_one_line(store: Store, writer: RunWriter) -> None:
    writer.finish()
    run = store.run("a")
    (store.folder / "a" / "log.sqlite").write_bytes(b"not a database, but long enough to look at" * 100)
    for read in (run.status, run.scalars, run.version):
        with pytest.raises(StoreError, match=r"log.sqlite: cannot be read .file is not a database."):
            read()
    store.delete("a", force=True)
    with pytest.raises(StoreError, match="sqlite is gone: the run was deleted or moved"):
        run.status()


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="permissions of POSIX")
@pytest.mark.parametrize("ended", [True, False])
def test_a_folder_that_may_only_be_read(start: Start, ended: bool) -> None:
    """Also the log of a run killed in WAL mode, where SQLite itself gives up."""
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders are closed to other users
        os.chmod(place, 0o755)
        create = """
        import os, signal, sys
        from ance_core.runs import Store
        run = Store(sys.argv[1], create=True).create_run("a", {})
        run.heartbeat(1, "running")
        run.scalars(1, {"loss": 1.0}, 0, 0)
        run.flush()
        run.finish() if sys.argv[2] == "True" else os.kill(os.getpid(), signal.SIGKILL)
        """
        start(create, Path(place, "runs"), ended).wait()
        folder = Path(place, "runs", "a")
        (folder / "log.sqlite-shm").unlink(missing_ok=True)  # as after a copy to a read-only disk
        assert (folder / "log.sqlite-wal").exists() != ended
        for path in (folder, folder.parent):
            path.chmod(0o555)
        read = """
        import os, sys, pandas, pyarrow.parquet
        from ance_core.errors import StoreError
        from ance_core.runs import Store
        if os.geteuid() == 0:
            os.seteuid(65534)  # permissions do not stop root
        run = Store(sys.argv[1]).run("a")
        print(run.status().state, run.scalars()["value"].tolist(), len(run.negatives()), run.results())
        store = Store(sys.argv[1])
        for attempt in (lambda: Store(sys.argv[1], create=True), lambda: store.create_run("b", {}),
                        lambda: store.resume_run("a"), lambda: store.delete("a")):
            try:
                attempt()
            except StoreError as error:
                assert "folder you may write to" in str(error), error
                print("refused")
        """
        reader = start(read, folder.parent)
        output, errors = reader.communicate()
        folder.parent.chmod(0o755)
        folder.chmod(0o755)
        assert reader.returncode == 0, errors
        state = "finished" if ended else "dead"
        assert output.splitlines() == [f"{state} [1.0] 0 {{}}", *["refused"] * 4]


def test_logs_from_elsewhere_cannot_run_code(store: Store, writer: RunWriter) -> None:
    """A view or trigger of a mailed log may not call functions with side effects."""
    writer.finish()
    path = store.folder / "a" / "log.sqlite"
    assert log.read(path, lambda c: c.execute("PRAGMA trusted_schema").fetchone()) == (0,)
