"""Splits of any name: how a file says which it is, in what order they stand, and what is refused."""

import pytest

from ance_core.data import load_dataset
from ance_core.data.check import check_dataset
from ance_core.data.split_names import LETTERS, in_order, is_split_name, split_of
from ance_core.errors import DataError

from .folders import TEST, TRAIN, beir, beir_qrels, jsonl, trec_qrels, with_unseen, write
from .test_formats import pairs, write_msmarco, write_trec


@pytest.mark.parametrize(
    ("file", "split"),
    [
        ("train.tsv", "train"),
        ("Training.tsv.gz", "train"),
        ("val.tsv", "dev"),
        ("valid.tsv", "dev"),
        ("validation.tsv", "dev"),
        ("eval.tsv", "test"),
        ("qrels.dev.small.tsv", "dev"),
        ("dev.small.tsv", "dev"),
        ("dev-unseen.tsv", "dev-unseen"),
        ("Dev-Unseen.tsv.gz", "dev-unseen"),
        ("qrels.dev-unseen.tsv", "dev-unseen"),
        ("test_2.tsv", "test_2"),
        ("all.tsv", None),
        ("qrels.tsv", None),
        ("a.b.tsv", "a.b"),  # reported as a name that is not allowed
    ],
)
def test_the_stem_of_a_file_among_judgements_is_its_split(file, split):
    assert split_of(file, stem=True) == split


@pytest.mark.parametrize(
    ("file", "split"),
    [
        ("qrels.train.tsv", "train"),
        ("qrels.dev.small.tsv", "dev"),
        ("qrels.dev-unseen.tsv", "dev-unseen"),
        ("dl19.qrels", "dl19"),
        ("qrels.all.txt", None),
        ("qrels.txt", None),
        ("2019qrels-pass.txt", None),
        ("qrels-validation.txt", "dev"),
        ("msmarco_qrels_test", "test"),
    ],
)
def test_elsewhere_a_name_stands_between_dots(file, split):
    assert split_of(file) == split


def test_what_a_name_may_be():
    assert is_split_name("x" * LETTERS)
    for name in ("x" * (LETTERS + 1), "", "-x", "_x", "Dev", "a.b", "a b", "dév", "dev\n", "hidden"):
        assert not is_split_name(name), name


def test_order_is_train_dev_test_and_then_by_name():
    assert in_order(["b", "test", "train", "a-2", "dev", "a"]) == ["train", "dev", "test", "a", "a-2", "b"]


def test_beir(tmp_path):
    folder = beir(tmp_path)
    write(folder / "qrels" / "test.tsv", beir_qrels(TEST[1:]))
    write(folder / "qrels" / "test-unseen.tsv", beir_qrels(TEST[:1]))
    write(folder / "qrels" / "all.tsv", beir_qrels(TRAIN + TEST))
    data = load_dataset(folder)
    assert list(data.qrels) == ["train", "dev", "test", "test-unseen"]
    assert pairs(data, "test-unseen") == TEST[:1]
    assert "dev split" in data.source  # dev is cut from train as ever


def test_msmarco_brings_the_queries_of_the_split_along(tmp_path):
    folder = write_msmarco(tmp_path)
    write(folder / "queries.test-unseen.tsv", "q9\twho walks\n")
    write(folder / "qrels.test-unseen.tsv", "q9\t0\td3\t1\n")
    data = load_dataset(folder)
    assert list(data.qrels) == ["train", "dev", "test-unseen"]
    assert pairs(data, "test-unseen") == [("q9", "d3", 1)]


def test_trec(tmp_path):
    folder = write_trec(tmp_path)
    write(folder / "qrels.test.txt", trec_qrels(TEST[1:]))
    write(folder / "qrels.test-unseen.txt", trec_qrels(TEST[:1]))
    assert list(load_dataset(folder).qrels) == ["train", "dev", "test", "test-unseen"]


def test_fingerprint_knows_the_splits_by_name(tmp_path):
    first, second = with_unseen(tmp_path / "a"), with_unseen(tmp_path / "b")
    (second / "qrels" / "dev-unseen.tsv").rename(second / "qrels" / "dev-other.tsv")
    assert load_dataset(first).fingerprint == load_dataset(with_unseen(tmp_path / "c")).fingerprint
    assert load_dataset(first).fingerprint != load_dataset(second).fingerprint


def test_a_single_file_of_any_name_is_split_by_query(tmp_path):
    folder = beir(tmp_path)
    (folder / "qrels" / "train.tsv").unlink()
    (folder / "qrels" / "test.tsv").rename(folder / "qrels" / "What I judged.tsv")
    write(folder / "qrels" / "What I judged.tsv", beir_qrels(TRAIN + TEST))
    assert list(load_dataset(folder).qrels) == ["train", "dev", "test"]


@pytest.mark.parametrize("name", ["new wordings", "a.b", "hidden", "x" * 41, "dév"])
def test_a_bad_name_is_one_line_with_file_and_remedy(tmp_path, name):
    folder = beir(tmp_path)
    file = write(folder / "qrels" / f"{name}.tsv", beir_qrels(TEST))
    with pytest.raises(DataError) as error:
        load_dataset(folder)
    message = str(error.value)
    assert message.startswith(f"{file}: {name!r}"[:60])
    assert "cannot be a split's name: rename the file; allowed are lower-case letters" in message
    assert "\n" not in message
    assert [problem.kind for problem in check_dataset(folder).errors] == ["split name"]


def test_two_files_for_one_split(tmp_path):
    folder = beir(tmp_path)
    write(folder / "qrels" / "dev-unseen.tsv", beir_qrels(TEST))
    write(folder / "qrels" / "dev-unseen.tsv.gz", beir_qrels(TEST))
    with pytest.raises(
        DataError, match=r"dev-unseen.tsv and dev-unseen.tsv.gz both give the dev-unseen split"
    ):
        load_dataset(folder)


def test_named_splits_without_train_are_not_cut_and_not_trained_on(tmp_path):
    (beir(tmp_path) / "qrels" / "train.tsv").rename(tmp_path / "qrels" / "train-v2.tsv")
    data = load_dataset(tmp_path)
    assert list(data.qrels) == ["test", "train-v2"]
    with pytest.raises(DataError, match="no train split, only test, train-v2, so it can be measured"):
        data.split("train")


def test_an_unknown_split_is_answered_with_those_there_are(tmp_path):
    data = load_dataset(with_unseen(tmp_path / "island"))
    with pytest.raises(
        DataError, match="island: no 'unseen' split; it has train, dev, test, dev-unseen, test-unseen"
    ):
        data.split("unseen")


def test_check_counts_every_split_and_leaks_between_any_two(tmp_path):
    folder = beir(tmp_path)
    queries = {"q1": "one", "q2": "two", "q3": "three", "q4": "Two ", "q5": "five"}
    write(folder / "queries.jsonl", jsonl([{"_id": k, "text": t} for k, t in queries.items()]))
    parts = {
        "train": [("q1", "d1", 1), ("q2", "d2", 1)],
        "dev": [("q3", "d3", 1)],
        "dev-unseen": [("q3", "d3", 1), ("q4", "d2", 1)],  # a dev query, a text of train, an answer of train
        "test": [("q5", "d4", 1)],
    }
    for split, rows in parts.items():
        write(folder / "qrels" / f"{split}.tsv", beir_qrels(rows))
    report = check_dataset(folder)
    assert report.ok
    assert list(report.splits) == ["train", "dev", "test", "dev-unseen"]
    assert report.splits["dev-unseen"].queries == 2
    assert {problem.kind: problem.count for problem in report.warnings} == {
        "query in two splits": 1,
        "text in two splits": 1,
        "dev-unseen answer in training": 1,
    }
    assert "query 'q3' is in dev and in dev-unseen" in str(report.warnings[0])
