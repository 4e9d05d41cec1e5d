"""The built folder, and what a damaged package does to it."""

import json
import logging
import os
import platform

import pytest

from ance_core.data import embedded, load_dataset
from ance_core.data.check import check_dataset, folded
from ance_core.data.pydocs.build import build
from ance_core.data.pydocs.packages import Source, damage, required, sources
from ance_core.errors import DataError

from .zoo import KEEPERS, install, install_all


@pytest.fixture
def site(tmp_path, monkeypatch):
    site = tmp_path / "site"
    install_all(site)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("ANCE_CACHE", str(tmp_path / "cache"))
    return site


def facts(folder):
    return json.loads((folder / "built.json").read_text(encoding="utf-8"))


def test_built_once_for_each_version(site):
    told = []
    folder = build(lambda *progress: told.append(progress), project="zoo-app")
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]
    found = facts(folder)
    assert found["versions"] == {
        "python": platform.python_version(),
        "builder": "1",
        "zoo": "1.0",
        "zoo-keepers": "1.0",
    }
    assert (found["entries"]["zoo"], found["entries"]["zoo-keepers"]) == (5, 1)
    sheet = (folder / "README.md").read_text(encoding="utf-8")
    assert f"| python | {platform.python_version()} | " in sheet
    assert "| zoo | 1.0 | 5 |" in sheet
    assert check_dataset(folder).ok
    again: list[object] = []
    assert build(lambda *progress: again.append(progress), project="zoo-app") == folder
    assert again == []
    (site / "zoo-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: zoo\nVersion: 1.1\n")
    assert build(project="zoo-app") != folder
    assert folder.is_dir()


def test_questions_have_splits_of_their_own(site):
    data = load_dataset(build(project="zoo-app"))
    assert sum(len(data.qrels[split]) for split in ("train", "dev", "test")) == len(data.queries)
    asked = {key: text for key, text in zip(data.query_ids, data.queries, strict=True) if "zoo" in key}
    assert asked["q:zoo.animals.feed"] == "Give each animal its meal."
    assert asked["s:zoo.animals.feed@zoo._gates.open_gate"] == "Bring what they eat."
    passages = dict(zip(data.doc_ids, map(folded, data.docs), strict=True))
    for key, text in zip(data.query_ids, data.queries, strict=True):
        assert folded(text) not in passages[key[2:].partition("@")[0]], key


def test_a_damaged_package_is_left_out_until_it_is_installed_anew(site, caplog):
    caplog.set_level(logging.WARNING, "ance_core")
    file = site / "zoo_keepers.py"
    file.write_text("def call(:\n")
    without = build(project="zoo-app")
    line = f"pydocs: zoo-keepers 1.0 is left out: {file}, line 1: invalid syntax: reinstall it"
    assert [record.getMessage() for record in caplog.records] == [line]
    assert "zoo-keepers" not in facts(without)["versions"]
    assert line.removeprefix("pydocs: ") in (without / "README.md").read_text(encoding="utf-8")
    assert build(project="zoo-app") == without  # not tried again
    assert len(caplog.records) == 2  # but said again
    install(site, "zoo-keepers", KEEPERS)
    record = site / "zoo_keepers-1.0.dist-info" / "RECORD"
    os.utime(record, ns=(1, record.stat().st_mtime_ns + 10**9))
    whole = build(project="zoo-app")
    assert whole != without
    assert facts(whole)["versions"]["zoo-keepers"] == "1.0"


def test_what_damage_is(site):
    _, keepers = required("zoo-app")
    many = [*sources(keepers), *(Source(f"cage{n}", site / "zoo_keepers.py") for n in range(200))]
    assert damage(keepers, sources(keepers), {}) == ""
    assert (
        damage(keepers, sources(keepers), {"zoo_keepers": "zoo_keepers.py, line 1"})
        == "zoo_keepers.py, line 1"
    )
    assert (
        damage(keepers, many, {"cage1": "one", "cage2": "two"}) == ""
    )  # an odd file does not cost a package
    assert damage(keepers, many, {f"cage{n}": f"file {n}" for n in range(9)}) == "file 0 and 8 more"
    (site / "zoo_keepers.py").unlink()
    assert damage(keepers, sources(keepers), {}) == f"{site / 'zoo_keepers.py'} is missing"
    (site / "zoo_keepers-1.0.dist-info" / "RECORD").unlink()
    assert damage(required("zoo-app")[1], [], {}) == "its installation lists no files"


def test_without_metadata_it_says_what_to_do(site):
    with pytest.raises(DataError, match=r"no-zoo is not installed, .* pip install it, or use pydocs:stdlib"):
        build(project="no-zoo")


def test_an_unknown_variant():
    with pytest.raises(DataError, match="pydocs:stdlb: no such variant; pydocs and pydocs:stdlib are there"):
        embedded.locate("pydocs:stdlb")


@pytest.mark.slow
def test_of_the_workbench(tmp_path, monkeypatch):
    monkeypatch.setenv("ANCE_CACHE", str(tmp_path))
    report = check_dataset("pydocs")
    assert report.ok
    assert 11_000 <= report.documents <= 18_000
    assert report.documents < report.queries
    assert report.duplicate_passages == report.empty_passages == 0
    data = load_dataset("pydocs")
    assert len({folded(text) for text in data.queries}) == len(data.queries)
    assert data.built is not None
    assert {"numpy", "torch", "scikit-learn"} < data.built.versions.keys()
