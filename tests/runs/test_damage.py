"""Runs that are damaged, copied by hand, at work or left half-written: what lists, deletes, resumes and moves them does."""

from __future__ import annotations

import json
import os
import shutil
import time
import zipfile
from pathlib import Path

import psutil
import pytest

from ance_core.errors import StoreError
from ance_core.runs import Store, archive

from . import toy_training
from .children import Start

SLEEPER = """
import sys, time, toy_training
from ance_core.runs import Store
run = Store(sys.argv[1]).create_run(sys.argv[2], {"steps": 1000})
toy_training.one_step(run, 1)
run.flush()
print("at work", flush=True)
time.sleep(600)
"""


@pytest.fixture
def trained(store: Store) -> Store:
    toy_training.train(store, "toy")
    return store


def test_fifty_runs_of_which_ten_are_damaged_are_listed_in_a_second(trained: Store, ance) -> None:
    for place in range(49):
        shutil.copytree(trained.folder / "toy", trained.folder / f"run-{place:02d}")
    for place in range(10):
        run = trained.folder / f"run-{place:02d}"
        (run / "log.sqlite").unlink() if place == 0 else None
        (run / "log.sqlite").write_bytes(b"" if place == 1 else b"no log") if place in (1, 2) else None
        (run / "run.json").write_text("[" * 100_000) if place == 3 else None
        (run / "results.json").write_text("[]") if place > 3 else None
    (trained.folder / "run-02" / "log.sqlite").unlink()
    (trained.folder / "run-02" / "log.sqlite").mkdir()
    assert ance("runs", "list", "--runs", trained.folder).code == 0  # what is imported once is not timed
    began = time.process_time()
    done = ance("runs", "list", "--runs", trained.folder)
    assert time.process_time() - began < 1.0
    rows = [line for line in done.out.splitlines() if line.strip().startswith(("run-", "toy"))]
    assert len(rows) == 50
    assert sum("damaged" in row for row in rows) == 10
    assert len(done.err.strip().splitlines()) == 10
    listed = json.loads(ance("runs", "list", "--json", "--runs", trained.folder).out)
    assert [bool(one["damage"]) for one in listed["runs"]].count(True) == 10


def test_a_copy_by_a_file_manager_is_a_run_like_any_other(trained: Store, ance, tmp_path: Path) -> None:
    shutil.copytree(trained.folder / "toy", trained.folder / "toy (copy)")
    assert [run.name for run in trained.runs()] == ["toy", "toy (copy)"]
    assert toy_training.contents(trained.run("toy (copy)")) == toy_training.contents(trained.run("toy"))
    assert ance("runs", "show", "toy (copy)", "--runs", trained.folder).code == 0
    with pytest.raises(StoreError, match="letters, digits"):
        trained.run("toy (copy) 2")
    with pytest.raises(StoreError, match="letters, digits"):
        trained.create_run("x (copy)", {})
    trained.delete("toy (copy)")
    assert [run.name for run in trained.runs()] == ["toy"]


def test_delete_by_force_ends_the_training_first(store: Store, start: Start) -> None:
    training = start(SLEEPER, store.folder, "toy")
    assert training.stdout.readline() == "at work\n"
    with pytest.raises(StoreError, match="stop it before deleting it"):
        store.delete("toy")
    store.delete("toy", force=True)
    training.wait(timeout=60)
    assert not psutil.pid_exists(training.pid)
    assert list(store.folder.iterdir()) == []


def test_delete_by_force_of_a_copy_leaves_the_training_of_its_original(store: Store, start: Start) -> None:
    training = start(SLEEPER, store.folder, "toy")
    assert training.stdout.readline() == "at work\n"
    shutil.copytree(store.folder / "toy", store.folder / "copy")
    assert store.run("copy").status().state == "dead"
    store.delete("copy", force=True)
    assert store.run("toy").status().state == "waiting" or store.run("toy").status().active
    assert psutil.Process(training.pid).is_running()
    assert training.poll() is None


def test_a_damaged_run_is_deleted_by_force(trained: Store) -> None:
    for content in (b"", b"no log" * 99):
        shutil.copytree(trained.folder / "toy", trained.folder / "bad")
        (trained.folder / "bad" / "log.sqlite").write_bytes(content)
        with pytest.raises(StoreError, match=r"log\.sqlite"):
            trained.delete("bad")
        trained.delete("bad", force=True)
    assert [path.name for path in trained.folder.iterdir()] == ["toy"]


def test_leftovers_are_swept_on_resume_and_never_moved(trained: Store, tmp_path: Path) -> None:
    run = trained.folder / "toy"
    left = [
        run / "pools" / ".tmp-step-1",
        run / ".model-x1y2",
        run / "probes" / ".tmp-p",
        run / ".tmp-results.json",
    ]
    for path in left:
        path.mkdir(parents=True)
        (path / "half").write_text("half")
    target = trained.export("toy", tmp_path / "toy.zip")
    assert [name for name in zipfile.ZipFile(target).namelist() if "/.tmp" in name or "/.model" in name] == []
    with zipfile.ZipFile(target, "a") as zipped:
        zipped.writestr("toy/.model-x/half", "half")
        zipped.writestr("toy/pools/.tmp-x", "half")
    imported = trained.import_zip(target, "imported")
    assert list(imported.folder.rglob(".*")) == []
    trained.resume_run("toy").close()
    assert [path for path in left if path.exists()] == []


def test_import_refuses_what_would_fill_a_disk(
    trained: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = trained.export("toy", tmp_path)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("toy/zeros", bytes(archive._SMALL + 1))
    with pytest.raises(StoreError, match=rf"times its size, a run to at most {archive.MOST_RATIO} times"):
        trained.import_zip(target, "bomb")
    monkeypatch.setattr(archive, "MOST_BYTES", 1 << 20)
    with pytest.raises(StoreError, match=r"unpacks to \d+ GB, a run may have"):
        trained.import_zip(target, "large")
    monkeypatch.setattr(archive, "MOST_FILES", 3)
    with pytest.raises(StoreError, match="files in it, a run has at most 3"):
        trained.import_zip(target, "many")
    assert os.listdir(trained.folder) == ["toy"]
