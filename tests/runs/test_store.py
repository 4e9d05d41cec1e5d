import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ance_core.errors import StoreError
from ance_core.runs import Store

from .children import Start, environment

CONFIG = {"recipe": "ance", "seed": 7, "steps": 600, "encoder": {"kind": "static"}}


def test_a_new_run_is_complete_at_once(store: Store) -> None:
    with store.create_run("ance-0", CONFIG, kind="warmup", dataset={"name": "tiny", "docs": 24}, seed=1):
        run = store.run("ance-0")
        assert run.status().state == "waiting"
        assert run.status().pid == os.getpid()
    info = run.info
    assert info["format_version"] == 1
    assert (info["name"], info["kind"], info["recipe"], info["seed"]) == ("ance-0", "warmup", "ance", 1)
    assert info["config"] == CONFIG
    assert info["dataset"] == {"name": "tiny", "docs": 24}
    assert info["versions"]["python"] == sys.version.split()[0]
    assert "torch" in info["versions"]
    assert run.status().steps == 600


@pytest.mark.parametrize("name", ["a", "ANCE_0.5-x", "0", "_", "x" * 80])
def test_valid_names(store: Store, name: str) -> None:
    store.create_run(name, CONFIG).close()
    assert [run.name for run in store.runs()] == [name]


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "../a", "a b", "ä", "x" * 81, "a\n", "a:b", "a\\b"]
)
def test_names_that_could_not_be_folders_everywhere(store: Store, name: str) -> None:
    for use in (lambda: store.create_run(name, CONFIG), lambda: store.run(name), lambda: store.delete(name)):
        with pytest.raises(StoreError, match="letters, digits"):
            use()
    assert list(store.folder.iterdir()) == []


def test_a_taken_name_is_refused_with_the_three_ways_out(store: Store) -> None:
    store.create_run("a", CONFIG).close()
    with pytest.raises(StoreError, match=r"exists already.*another --name.*--resume a.*delete"):
        store.create_run("a", CONFIG)
    (store.folder / "b").write_text("a file in the way")
    with pytest.raises(StoreError, match="exists already"):
        store.create_run("b", CONFIG)
    assert sorted(path.name for path in store.folder.iterdir()) == ["a", "b"]


def test_of_processes_that_create_the_same_name_exactly_one_wins(store: Store, start: Start) -> None:
    code = """
    import sys, time
    from ance_core.errors import StoreError
    from ance_core.runs import Store
    store = Store(sys.argv[1])
    time.sleep(max(0, float(sys.argv[2]) - time.time()))
    for i in range(20):
        try:
            store.create_run(f"run-{i}", {"by": sys.argv[3]}).close()
            print(i)
        except StoreError as error:
            assert "exists already" in str(error), error
    """
    children = [start(code, store.folder, time.time() + 1.5, who) for who in range(3)]
    wins = []
    for child in children:
        output, errors = child.communicate()
        assert child.returncode == 0, errors
        wins += output.split()
    assert sorted(wins, key=int) == [str(i) for i in range(20)]
    assert len(store.runs()) == 20
    assert not list(store.folder.glob(".tmp-*"))


def test_runs_are_sorted_by_age_and_follow_changes(store: Store) -> None:
    for name in ("c", "a", "b"):
        store.create_run(name, CONFIG).close()
    assert [run.name for run in store.runs()] == ["c", "a", "b"]
    assert store.runs()[0] is store.runs()[0]  # cached

    store.delete("a")
    store.create_run("a", {**CONFIG, "seed": 8}).close()
    assert [run.name for run in store.runs()] == ["c", "b", "a"]
    assert store.run("a").info["config"]["seed"] == 8

    os.rename(store.folder / "c", store.folder / "d")
    oldest = store.runs()[0]
    assert (oldest.name, oldest.info["name"]) == ("d", "d")


def test_an_unknown_run_gets_the_nearest_name(store: Store) -> None:
    with pytest.raises(StoreError, match="none yet"):
        store.run("ance")
    store.create_run("ance-0", CONFIG).close()
    with pytest.raises(StoreError, match="did you mean 'ance-0'"):
        store.run("ance0")


def test_what_is_not_a_run_is_listed_and_skipped(store: Store) -> None:
    store.create_run("good", CONFIG).close()
    for name in ("no-json", "bad-json", "no-config", "newer", "no-log"):
        store.create_run(name, CONFIG).close()
    (store.folder / "no-json" / "run.json").unlink()
    (store.folder / "bad-json" / "run.json").write_text('{"format_version": 1, "conf')
    (store.folder / "no-config" / "run.json").write_text('{"format_version": 1}')
    newer = store.folder / "newer" / "run.json"
    newer.write_text(json.dumps({**json.loads(newer.read_text()), "format_version": 2}))
    (store.folder / "no-log" / "log.sqlite").unlink()
    (store.folder / "notes.txt").write_text("files are nobody's business")

    assert [run.name for run in store.runs()] == ["good"]
    problems = store.problems()
    assert len(problems) == 5
    assert all("\n" not in line and ": " in line for line in problems)
    expected = {
        "no-json": "run.json is missing",
        "bad-json": "not valid JSON",
        "no-config": "no format_version or config",
        "newer": r"format 2, this one reads 1\): upgrade",
        "no-log": "log.sqlite is missing",
    }
    for name, reason in expected.items():
        with pytest.raises(StoreError, match=reason):
            store.run(name)
        with pytest.raises(StoreError, match=reason):
            store.delete(name)
        with pytest.raises(StoreError, match=reason):
            store.resume_run(name)
        store.delete(name, force=True)
    assert store.problems() == []


def test_a_run_at_work_is_not_deleted_unless_forced(store: Store) -> None:
    run = store.create_run("a", CONFIG)
    for state in ("waiting", "warming-up", "running", "paused"):
        run.heartbeat(1, state)
        with pytest.raises(StoreError, match=f"{state} .process {os.getpid()}.: stop it before"):
            store.delete("a")
    store.delete("a", force=True)
    assert list(store.folder.iterdir()) == []
    with pytest.raises(StoreError, match="not in"):
        store.delete("a", force=True)

    for name in ("finished", "closed"):
        writer = store.create_run(name, CONFIG)
        writer.finish() if name == "finished" else writer.close()
        store.delete(name)
    assert list(store.folder.iterdir()) == []


def test_a_run_has_one_writer(store: Store, start: Start) -> None:
    first = store.create_run("a", CONFIG)
    first.heartbeat(3, "running")
    with pytest.raises(StoreError, match=f"process {os.getpid()} on .* is writing it: stop that one first"):
        store.resume_run("a")
    code = """
    import sys
    from ance_core.runs import Store
    Store(sys.argv[1]).resume_run("a")
    """
    _, errors = start(code, store.folder).communicate()
    assert "is writing it" in errors
    first.scalars(4, {"loss": 1.0}, 0, 0)
    first.close()
    with store.resume_run("a") as second:
        second.heartbeat(5, "running")
    assert store.run("a").scalars()["step"].tolist() == [4]


def test_a_runs_folder_must_exist_or_be_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no such runs folder.*--runs"):
        Store(tmp_path / "runs")
    Store(tmp_path / "deep" / "runs", create=True)
    assert Store(tmp_path / "deep" / "runs").runs() == []


def test_an_unwritable_folder_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "runs"):
        with pytest.raises(StoreError, match=r"cannot be written.*--runs") as caught:
            Store(place, create=True)
        assert "\n" not in str(caught.value)


def test_the_store_starts_without_the_heavy_libraries() -> None:
    heavy = "torch transformers faiss pandas pyarrow sentence_transformers"
    code = f"import sys, ance_core.runs; print([m for m in '{heavy}'.split() if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    )
    assert found.stdout.strip() == "[]"


def test_a_run_of_before_keeps_the_vocabulary_it_was_trained_with(tmp_path):
    """Vocabularies were learnt from documents alone then; a default of today must not be read into its settings."""
    import json

    from ance_core.config import RunConfig, parse

    store = Store(tmp_path, create=True)
    settings = RunConfig(data="tiny").model_dump(mode="json")
    store.create_run("new", settings).finish("finished")
    del settings["encoder"]["vocabulary"]
    store.create_run("old", settings).finish("finished")
    assert "vocabulary" not in json.loads((tmp_path / "old" / "run.json").read_text())["config"]["encoder"]
    read = {name: parse(RunConfig, store.run(name).info["config"]) for name in ("old", "new")}
    assert read["old"].encoder.vocabulary == "documents"
    assert read["new"].encoder.vocabulary == "training"


def test_a_simans_run_of_before_keeps_the_one_a_it_was_trained_with(tmp_path):
    """Before there was `a_rule`, a was suggested once for all queries."""
    from ance_core.config import RunConfig, parse
    from ance_core.recipes import get_recipe

    store = Store(tmp_path, create=True)
    for name, recipe in (("old", "simans"), ("new", "simans"), ("other", "ance"), ("set", "simans")):
        method = {"a": 0.5} if name == "set" else {}
        settings = RunConfig(recipe=recipe, method=method).model_dump(mode="json")
        if name != "new":
            del settings["method"]["a_rule"]
        store.create_run(name, settings).close()
    read = {run.name: parse(RunConfig, run.info["config"]) for run in store.runs()}
    assert {name: config.method.a_rule for name, config in read.items()} == {
        "old": "pool",
        "new": None,
        "other": None,
        "set": None,
    }
    rules = {name: get_recipe("simans").sampler(read[name]).rule for name in ("old", "new")}
    assert rules == {"old": "pool", "new": "query"}
