"""Splits of any name on the command line: data, training, evaluation, comparison and what is shown of a run."""

import json

import pytest

from ance_core.runs import Store

from ..data.folders import with_unseen, write
from ..terminal import refusal

OTHERS = ["dev-unseen", "test-unseen"]


@pytest.fixture(scope="module")
def island(tmp_path_factory):
    """`tiny` with two splits more, which declares one label a query."""
    folder = with_unseen(tmp_path_factory.mktemp("data") / "island")
    write(folder / "collection.yaml", "title: Island\nlabels_per_query: 1\n")
    return folder


@pytest.fixture(scope="module")
def runs(island, tmp_path_factory, settings_file):
    """Two runs on it, one of which watched dev-unseen too; what the first printed at its end beside them."""
    from ance_core.cli.entry import run

    folder = tmp_path_factory.mktemp("split-runs") / "runs"
    words = ["train", "--config", settings_file, "--data", island, "--runs", folder]
    watch = ["--set", "record.eval_splits=[dev, dev-unseen]"]
    assert run([str(w) for w in [*words, "--recipe", "ance", "--name", "a", *watch]]) == 0
    every = ["--labels-per-query", "all"]
    assert run([str(w) for w in [*words, "--recipe", "random", "--name", "b", *every]]) == 0
    return folder


def test_data_commands_list_them(ance, island):
    report = json.loads(ance("data", "check", island, "--json").out)
    assert list(report["splits"]) == ["train", "dev", "test", *OTHERS]
    facts = json.loads(ance("data", "build", island, "--json").out)
    assert facts["splits"] == {name: counts["queries"] for name, counts in report["splits"].items()}
    assert "train 14, dev 4, test 8, dev-unseen 4, test-unseen 6" in ance("data", "build", island).out
    shown = json.loads(ance("data", "show", island, "--split", "dev-unseen", "-n", 9, "--json").out)
    assert (shown["split"], len(shown["queries"])) == ("dev-unseen", 4)
    said = refusal(ance("data", "show", island, "--split", "unseen"))
    assert said.startswith("island: no 'unseen' split; it has train, dev, test, dev-unseen, test-unseen")


def test_a_training_ends_with_all_of_them(ance, island, runs, settings_file):
    words = ("train", "--config", settings_file, "--data", island, "--runs", runs, "--name", "c")
    summary = json.loads(ance(*words, "--warmup", "none", "--steps", 1, "--json").out)
    assert list(summary["splits"]) == ["dev", "test", *OTHERS]
    assert summary["dev"] == summary["splits"]["dev"]
    assert summary["test"] == summary["splits"]["test"]
    out = ance("train", *words[1:-1], "d", "--warmup", "none", "--steps", 1).out
    firsts = [line.split()[0] for line in out.splitlines() if line.strip()]
    assert [word for word in firsts if word in summary["splits"]] == ["dev", "test", *OTHERS]


def test_eval_and_compare_take_any(ance, runs):
    found = json.loads(ance("eval", "a", "--split", "dev-unseen", "--runs", runs, "--json").out)
    kept = Store(runs).run("a").measures()["dev-unseen"]["RR@10"]
    assert found["measures"]["RR@10"] == pytest.approx(kept, abs=1e-6)
    compared = json.loads(ance("compare", "a", "b", "--split", "test-unseen", "--runs", runs, "--json").out)
    assert (compared["split"], compared["queries"]) == ("test-unseen", 6)


def test_an_unknown_split_is_answered_with_those_there_are(ance, runs):
    said = refusal(ance("eval", "a", "--split", "unseen", "--runs", runs))
    assert "no 'unseen' split; it has train, dev, test, dev-unseen, test-unseen" in said
    said = refusal(ance("compare", "a", "b", "--split", "unseen", "--runs", runs))
    assert said == (
        "run 'a': no per-query values on 'unseen'; it has dev, test, dev-unseen, test-unseen: choose one of them"
    )


def test_show_has_every_split_once(ance, runs):
    out = ance("runs", "show", "a", "--runs", runs).out
    for split in ("dev", "test", *OTHERS):
        assert out.count(f"\n  {split}:\n") == 1
    assert list(json.loads(ance("runs", "show", "a", "--runs", runs, "--json").out)["splits"]) == [
        "dev", "test", *OTHERS,
    ]  # fmt: skip


def test_the_collection_decides_about_labels_unless_told_otherwise(runs):
    kept = {name: Store(runs).run(name).info["config"]["labels_per_query"] for name in "ab"}
    assert kept == {"a": 1, "b": None}
