"""How a dataset is read is a setting: the same in training, evaluation, checks and notebooks, and kept with a run."""

import json

import pytest

from ance_core.config import RunConfig
from ance_core.data import load_dataset
from ance_core.data.of_run import dataset_of, pinned
from ance_core.errors import ConfigError
from ance_core.experiments.evaluation import evaluate_run
from ance_core.experiments.settings import flatten
from ance_core.reading import DataConfig, data_name, data_of, data_words
from ance_core.runs import Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve
from ance_core.training.start import fork_settings

from ..terminal import refusal
from .folders import TEST, TRAIN, beir, beir_qrels, write

SMALL = {
    "recipe": "random", "encoder": {"kind": "static", "width": 16, "dim": 16, "vocab_size": 200},
    "steps": 4, "batch_size": 2, "threads": 1, "warmup": {"recipe": "none"},
    "record": {"snapshot_every": 0, "checkpoint_every": 2, "eval_every": 4},
}  # fmt: skip


def shared_ids(folder):
    """Queries d1 and d2 share their ids with documents."""
    beir(folder)
    for file in (folder / "queries.jsonl", *(folder / "qrels").iterdir()):
        text = file.read_text()
        for n in (1, 2):
            text = text.replace(f'"q{n}"', f'"d{n + 1}"').replace(f"q{n}\t", f"d{n + 1}\t")
        file.write_text(text)
    return folder


def trained(tmp_path, data):
    (run,) = train_runs([resolve({"data": data, **SMALL})], Store(tmp_path / "runs", create=True))
    return run


def test_a_name_alone_and_a_group_are_the_same_setting():
    assert RunConfig(data="tiny").data == RunConfig(data={"name": "tiny"}).data == DataConfig(name="tiny")
    assert RunConfig().data.name == "catalogue"
    assert resolve({"data": "tiny"}).data.name == "tiny"
    with pytest.raises(ConfigError, match=r"data.folds: no such setting; did you mean 'fold'\?"):
        resolve({"data": {"name": "tiny", "folds": True}})


def test_settings_of_runs_of_before_and_of_now():
    assert (data_name({"data": "tiny"}), data_name({"data": {"name": "tiny"}}), data_name({})) == (
        "tiny",
        "tiny",
        None,
    )
    assert data_of({"data": "tiny"}) == {"name": "tiny", "ignore_identical_ids": False}
    now = RunConfig(data="tiny").model_dump(mode="json")
    assert flatten(now)["data"] == flatten({"data": "tiny"})["data"] == "tiny"
    folded = RunConfig(data={"name": "tiny", "fold": True, "columns": "query,passage"})
    assert data_words(folded.model_dump(mode="json")) == "tiny (columns=query,passage, fold)"


def test_a_run_keeps_its_reading(tmp_path):
    folder = beir(tmp_path / "data")
    with (folder / "corpus.jsonl").open("a") as file:
        file.write(json.dumps({"_id": "copy", "text": "THE bell rings in fog."}) + "\n")
    run = trained(tmp_path, {"name": str(folder), "fold": True})
    assert run.info["config"]["data"]["fold"] is True
    data = dataset_of(run)
    assert (len(data.docs), data.fingerprint) == (4, load_dataset(folder, fold=True).fingerprint)
    fork = resolve(fork_settings(run, 2, None, {}))
    assert (fork.data.name, fork.data.fold) == (str(folder), True)
    assert evaluate_run(run, "test")[1] == "data"


def test_a_run_of_before_reads_its_data_as_it_was_read_then(tmp_path):
    folder = shared_ids(tmp_path / "data")
    run = trained(tmp_path, {"name": str(folder), "ignore_identical_ids": False})
    _as_before(run, str(folder))
    again = Store(tmp_path / "runs").run(run.name)
    assert len(load_dataset(folder).own) == 2
    assert not len(dataset_of(again).own)
    assert pinned(again) == str(folder)
    assert fork_settings(again, 2, None, {})["data"] == {"name": str(folder), "ignore_identical_ids": False}


def test_a_run_of_before_keeps_the_splits_that_were_cut_from_a_test_file(tmp_path):
    folder = beir(tmp_path / "data")
    for name in ("train", "test"):
        (folder / "qrels" / f"{name}.tsv").unlink()
    write(folder / "qrels" / "all.tsv", beir_qrels(TRAIN + TEST))
    run = trained(tmp_path, str(folder))
    (folder / "qrels" / "all.tsv").rename(folder / "qrels" / "test.tsv")
    _as_before(run, str(folder))
    assert list(dataset_of(Store(tmp_path / "runs").run(run.name)).qrels) == ["train", "dev", "test"]


def _as_before(run, data):
    info = json.loads((run.folder / "run.json").read_text())
    info["config"]["data"] = data
    (run.folder / "run.json").write_text(json.dumps(info))


def test_own_documents_are_in_no_record_and_no_run_file(tmp_path):
    folder = shared_ids(tmp_path / "data")
    run = trained(tmp_path, str(folder))
    data = dataset_of(run)
    own = {(data.query_ids[q], data.doc_ids[d]) for q, d in zip(data.own.queries, data.own.docs, strict=True)}
    drawn = run.negatives()
    assert (
        not {
            (data.query_ids[q], data.doc_ids[d])
            for q, d in zip(drawn["query"], drawn["document"], strict=True)
        }
        & own
    )
    write(folder / "qrels" / "other.tsv", beir_qrels([("d2", "d1", 1), ("d3", "d2", 1)]))
    evaluate_run(run, "other", str(folder), tmp_path / "run.txt")
    lines = [line.split() for line in (tmp_path / "run.txt").read_text().splitlines()]
    assert len(lines) == 2 * 3  # of four documents one is the query
    assert not {(fields[0], fields[2]) for fields in lines} & own


def test_the_command_line_has_the_same_options(tmp_path, ance):
    folder = beir(tmp_path / "data")
    write(folder / "qrels" / "test.tsv", beir_qrels([*TEST, ("q4", "gone", 1)]))
    assert ance("data", "check", folder).code == 0
    assert ance("data", "check", folder, "--strict").code == 1
    assert "no document 'gone': add it" in refusal(ance("data", "show", folder, "--strict"))
    assert "no document 'gone'" in refusal(
        ance("train", "--data", folder, "--strict", "--runs", tmp_path / "runs")
    )
    assert "no document 'gone'" in refusal(
        ance("train", "--data", folder, "--set", "data.strict=true", "--runs", tmp_path / "runs")
    )
    rows = "".join(f"question {n}\tanswer {n}\n" for n in range(5))
    pairs = write(tmp_path / "pairs.tsv", rows)
    assert ance("data", "check", pairs).code == 1
    assert ance("data", "check", pairs, "--columns", "query,passage").code == 0
    run = trained(tmp_path, str(folder))
    found = ance("eval", run.name, "--data", folder, "--strict", "--runs", tmp_path / "runs")
    assert "no document 'gone'" in refusal(found)
    assert "none is named" in refusal(ance("eval", run.name, "--fold", "--runs", tmp_path / "runs"))
