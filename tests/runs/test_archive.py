import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ance_core.errors import StoreError
from ance_core.runs import RunWriter, Store

from . import toy_training


@pytest.fixture
def trained(store: Store) -> Store:
    toy_training.train(store, "toy")
    return store


@pytest.fixture
def elsewhere(tmp_path: Path) -> Store:
    return Store(tmp_path / "elsewhere", create=True)


def test_a_run_survives_the_mail(trained: Store, elsewhere: Store, tmp_path: Path) -> None:
    path = trained.export("toy", tmp_path)
    assert path == tmp_path / "toy.zip"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["elsewhere", "runs", "toy.zip"]
    imported = elsewhere.import_zip(path)
    assert imported.info == trained.run("toy").info
    assert toy_training.contents(imported) == toy_training.contents(trained.run("toy"))
    assert imported.status().state == "finished"
    other = elsewhere.import_zip(path, name="copy")
    assert json.loads((other.folder / "run.json").read_text())["name"] == "copy"
    assert [run.name for run in elsewhere.runs()] == ["copy", "toy"]
    with pytest.raises(StoreError, match="run 'toy': exists already"):
        elsewhere.import_zip(path)
    assert elsewhere.problems() == []
    assert not list(elsewhere.folder.glob(".*"))


def test_results_and_measures_per_query(store: Store) -> None:
    run = store.create_run("a", {})
    frame = pd.DataFrame({"query_id": ["q1", "q2"], "split": ["dev", "test"], "RR@10": [0.5, float("nan")]})
    reader = store.run("a")
    assert reader.results() == {}
    assert reader.per_query().columns.tolist() == ["query_id", "split"]
    run.finish("finished", {"dev": {"RR@10": 0.5}, "test": {"RR@10": float("nan")}}, per_query=frame)
    assert reader.results() == {"dev": {"RR@10": 0.5}, "test": {"RR@10": None}}
    pd.testing.assert_frame_equal(reader.per_query(), frame)


def test_a_run_at_work_is_exported_whole_and_can_be_resumed_elsewhere(
    store: Store, elsewhere: Store, tmp_path: Path
) -> None:
    run: RunWriter = store.create_run("toy", {"steps": toy_training.STEPS})
    for step in range(1, 14):
        toy_training.one_step(run, step)
    run.flush()
    (store.folder / "toy" / "checkpoints" / ".tmp-half").mkdir()
    path = store.export("toy", tmp_path / "half.zip")
    assert not [name for name in zipfile.ZipFile(path).namelist() if ".tmp" in name or "-wal" in name]
    copy = elsewhere.import_zip(path)
    assert store.run("toy").status().state == "running"
    assert copy.status().state == "dead"  # the living process writes the original, not this
    assert copy.scalars()["step"].max() == 13

    toy_training.train(elsewhere, "toy", resume=True)
    for step in range(14, toy_training.STEPS + 1):
        toy_training.one_step(run, step)
    run.finish("finished", {"dev": {"RR@10": 0.5}})
    assert toy_training.contents(elsewhere.run("toy")) == toy_training.contents(store.run("toy"))


def test_a_zip_of_a_folder_made_by_hand(trained: Store, elsewhere: Store, tmp_path: Path) -> None:
    path = tmp_path / "by-hand.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in (trained.folder / "toy").rglob("*"):
            archive.write(file, file.relative_to(trained.folder / "toy"))
    assert elsewhere.import_zip(path).name == "by-hand"
    assert toy_training.contents(elsewhere.run("by-hand")) == toy_training.contents(trained.run("toy"))


def replaced(source: Path, target: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> Path:
    """A copy of a zip with members changed, renamed or dropped."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if member := change(name, old.read(name)):
                new.writestr(*member)
    return target


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda n, d: (n.replace("results.json", "../../evil"), d), "leads outside the run: do not trust"),
        (lambda n, d: ("/etc/evil" if "results" in n else n, d), "leads outside the run"),
        (lambda n, d: (n.replace("/results.json", "\\..\\evil"), d), "leads outside the run"),
        (lambda n, d: (n.replace("toy/results", "C:/evil"), d), "leads outside the run"),
        (lambda n, d: None if "run.json" in n else (n, d), "0 runs in it, 1 is needed"),
        (lambda n, d: None if "log.sqlite" in n else (n, d), "no readable log.sqlite in it"),
        (lambda n, d: (n, b"no database" * 99 if "log.sqlite" in n else d), "no readable log.sqlite in it"),
        (
            lambda n, d: (n, d.replace(b'version": 1', b'version": 2')),
            "newer version .format 2, this one reads 1",
        ),
        (lambda n, d: (n, b"{" if "run.json" in n else d), "not valid JSON"),
        (lambda n, d: (n.replace("toy/", "to y/"), d), "run name 'to y'"),
    ],
)
def test_zips_not_to_be_trusted(
    trained: Store, elsewhere: Store, tmp_path: Path, change: Callable, reason: str
) -> None:
    good = trained.export("toy", tmp_path)
    bad = replaced(good, tmp_path / "bad.zip", change)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(StoreError, match=reason) as caught:
        elsewhere.import_zip(bad)
    assert "\n" not in str(caught.value)
    assert list(elsewhere.folder.iterdir()) == []
    assert sorted(os.listdir(tmp_path)) == before


def test_links_in_zips_are_refused(trained: Store, elsewhere: Store, tmp_path: Path) -> None:
    path = trained.export("toy", tmp_path)
    link = zipfile.ZipInfo("toy/model")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc")
    with pytest.raises(StoreError, match="'toy/model', which leads outside"):
        elsewhere.import_zip(path)


def test_damaged_zips(trained: Store, elsewhere: Store, tmp_path: Path) -> None:
    path = trained.export("toy", tmp_path)
    data = path.read_bytes()
    flipped = bytearray(data)
    flipped[len(data) // 3] ^= 0xFF
    for bad in (b"", b"text", data[: len(data) // 2], bytes(flipped)):
        path.write_bytes(bad)
        with pytest.raises(StoreError, match="not a readable zip"):
            elsewhere.import_zip(path)
    with pytest.raises(StoreError, match="no such file"):
        elsewhere.import_zip(tmp_path / "none.zip")
    with pytest.raises(StoreError, match="cannot be read"):
        elsewhere.import_zip(tmp_path)
    assert list(elsewhere.folder.iterdir()) == []


def test_a_zip_larger_than_the_disk_is_refused_before_unpacking(
    trained: Store, elsewhere: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = trained.export("toy", tmp_path)
    usage = type(os)("usage")
    usage.free = 1 << 10
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    with pytest.raises(StoreError, match="free some space"):
        elsewhere.import_zip(path)


def test_exports_need_a_place(trained: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist: create it"):
        trained.export("toy", tmp_path / "none" / "toy.zip")
    with pytest.raises(StoreError, match="not in"):
        trained.export("other", tmp_path)
