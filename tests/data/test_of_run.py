"""Runs on a built collection go on with the copy that they were trained on, whatever is installed now."""

import json
import platform
import shutil

import pytest

from ance_core.cli.entry import run as command
from ance_core.data import built, load_dataset
from ance_core.data.of_run import dataset_of, pinned
from ance_core.errors import ConfigError, DataError
from ance_core.experiments.evaluation import evaluate_run
from ance_core.experiments.probe import load_moment
from ance_core.experiments.search import search_run
from ance_core.runs import Store
from ance_core.training.session import resume_run, train_runs
from ance_core.training.settings import resolve
from ance_core.training.start import fork_settings

from ..training.conftest import SMALL
from .copies import VERSIONS, put

TINY = load_dataset("tiny")
COPY = f"pydocs@{TINY.fingerprint}"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A cache with an old copy, and a store with a run that was trained on it while `pydocs` meant that."""
    place = tmp_path_factory.mktemp("copies")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANCE_CACHE", str(place / "cache"))
        put(place / "cache")
        config = resolve(SMALL | {"data": COPY, "recipe": "ance", "name": "old", "labels_per_query": 1})
        train_runs([config], Store(place / "runs", create=True))
    info = json.loads((place / "runs" / "old" / "run.json").read_text())
    info["config"]["data"] = "pydocs"
    (place / "runs" / "old" / "run.json").write_text(json.dumps(info))
    return place


@pytest.fixture
def old(trained, tmp_path, monkeypatch):
    """That run, in a cache and store of the test's own."""
    shutil.copytree(trained / "cache", tmp_path / "cache")
    shutil.copytree(trained / "runs", tmp_path / "runs")
    monkeypatch.setenv("ANCE_CACHE", str(tmp_path / "cache"))
    return Store(tmp_path / "runs").run("old")


def rewrite(run, change):
    path = run.folder / "run.json"
    info = json.loads(path.read_text())
    change(info)
    path.write_text(json.dumps(info))
    return Store(run.folder.parent).run(run.name)


def test_the_run_says_which_copy(old):
    assert old.info["dataset"]["built"] == {
        "name": "pydocs",
        "fingerprint": TINY.fingerprint,
        "versions": VERSIONS,
    }
    assert old.info["dataset"]["fingerprint"] != TINY.fingerprint  # labels are masked
    assert pinned(old) == COPY


def test_everything_that_reads_its_data_reads_that_copy(old):
    assert dataset_of(old).docs == TINY.docs
    assert dataset_of(old).fingerprint == old.info["dataset"]["fingerprint"]
    assert evaluate_run(old)[1] == "pydocs"
    assert search_run(old, "lamp", k=1)[0].id in TINY.doc_ids
    assert load_moment(old).problem.dataset.docs == TINY.docs


def test_it_is_resumed_on_that_copy(old):
    store = Store(old.folder.parent)
    writer = store.resume_run("old")
    writer.finish("stopped")
    assert resume_run("old", store).status().state == "finished"


def test_a_fork_is_on_that_copy(old):
    config = resolve(fork_settings(old, 5, "random", {"name": "fork"}))
    assert config.data.name == COPY
    (fork,) = train_runs([config], Store(old.folder.parent))
    assert fork.info["dataset"]["built"] == old.info["dataset"]["built"]


def test_a_copy_nobody_has_noted_is_found_by_reading(old):
    shutil.rmtree(built.cache_dir() / "datasets" / "by-fingerprint")
    assert dataset_of(old).docs == TINY.docs
    assert (built.cache_dir() / "datasets" / "by-fingerprint" / TINY.fingerprint).is_file()


def test_a_copy_that_is_gone_is_named_with_its_versions(old):
    (folder,) = (built.cache_dir() / "datasets").glob("pydocs-*")
    shutil.rmtree(folder)
    with pytest.raises(ConfigError) as caught:
        dataset_of(old)
    assert str(caught.value).startswith(
        f"run 'old': its copy of pydocs ({old.info['dataset']['fingerprint']}) is not in the cache any more; it was "
        f"made from python 3.9.1 (now {platform.python_version()}), numpy 0.9 (now "
    )
    assert "\n" not in str(caught.value)


def test_a_damaged_copy_is_no_obstacle_to_finding_another(old):
    (put(built.cache_dir(), "pydocs-3.8.0-0123456789ab") / "corpus.jsonl").write_text("{")
    (put(built.cache_dir(), "pydocs-3.8.1-0123456789ab") / "built.json").write_text("{")
    shutil.rmtree(built.cache_dir() / "datasets" / "by-fingerprint")
    assert dataset_of(old).docs == TINY.docs


@pytest.fixture
def older(old):
    """A run written when `pydocs` was the standard library and `run.json` did not name copies."""
    folder = built.cache_dir() / "datasets"
    (copy,) = folder.glob("pydocs-*")
    copy.rename(folder / "pydocs-3.9.1-1")
    (folder / "pydocs-3.9.1-1" / "built.json").unlink()
    shutil.rmtree(folder / "by-fingerprint")

    def change(info):
        del info["dataset"]["built"]
        info["dataset"]["fingerprint"] = TINY.fingerprint
        info["config"]["labels_per_query"] = None
        info["versions"]["python"] = "3.9.1"

    return rewrite(old, change)


def test_an_older_run_finds_what_an_older_python_built(older):
    found = dataset_of(older)
    assert (found.name, found.docs) == ("pydocs:stdlib", TINY.docs)
    assert found.source == "standard library documentation of Python 3.9.1"
    assert pinned(older) == f"pydocs:stdlib@{TINY.fingerprint}"


def test_an_older_run_on_this_python_has_its_copy_built_again(older):
    shutil.rmtree(built.cache_dir())
    now = load_dataset("pydocs:stdlib")
    shutil.rmtree(built.cache_dir())
    run = rewrite(older, lambda info: info["dataset"].update(fingerprint=now.fingerprint))
    assert dataset_of(run).fingerprint == now.fingerprint


def test_an_older_run_whose_copy_is_gone(older):
    shutil.rmtree(built.cache_dir() / "datasets" / "pydocs-3.9.1-1")
    with pytest.raises(ConfigError, match=r"copy of pydocs:stdlib .* Python 3.9.1 made it: use that"):
        dataset_of(older)


def test_runs_on_two_copies_are_not_compared_and_the_way_out_is_named(old, capfd):
    def change(info):
        info["dataset"]["fingerprint"] = info["dataset"]["built"]["fingerprint"] = "f" * 16
        info["config"]["labels_per_query"] = None

    shutil.copytree(old.folder, old.folder.parent / "new")
    rewrite(Store(old.folder.parent).run("new"), change)
    rewrite(old, lambda info: info["config"].update(labels_per_query=None))
    assert command(["compare", "old", "new", "--runs", str(old.folder.parent)]) == 1
    assert f"compare runs on one dataset, as --data {COPY} trains" in " ".join(capfd.readouterr().err.split())


def test_a_copy_that_never_was(old):
    with pytest.raises(DataError, match=r"pydocs:stdlib@0{16}: no such copy in the cache"):
        load_dataset(f"pydocs:stdlib@{'0' * 16}")


def test_what_a_command_shows_of_a_copy(old, capfd):
    assert command(["data", "build", COPY]) == 0
    assert "made from  python 3.9.1, builder 1, numpy 0.9" in capfd.readouterr().out
    assert command(["data", "show", COPY, "-n", "1", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["built"]["versions"] == VERSIONS
