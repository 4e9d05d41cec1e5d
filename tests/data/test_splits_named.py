"""A file named after a split is that split: nothing is cut from it, and what needs no train split does without."""

# ruff: noqa: E501 - a table reads best with a case a line

import pytest

from ance_core.data import load_dataset
from ance_core.data.check import check_dataset
from ance_core.errors import DataError

from .folders import DOCS, QUERIES, TEST, TRAIN, beir, beir_qrels, jsonl, write

EVERY = [*TRAIN, *TEST]


def single(folder, name, rows=EVERY):
    beir(folder)
    for file in (folder / "qrels").iterdir():
        file.unlink()
    write(folder / "qrels" / name, beir_qrels(rows))
    return folder


@pytest.mark.parametrize(
    ("name", "split"),
    [("test.tsv", "test"), ("eval.tsv", "test"), ("dev.tsv", "dev"), ("validation.tsv", "dev"), ("test-unseen.tsv", "test-unseen")],
)  # fmt: skip
def test_one_file_of_an_evaluation_split_is_not_cut(tmp_path, name, split):
    data = load_dataset(single(tmp_path, name))
    assert list(data.qrels) == [split]
    assert len(data.qrels[split]) == len(EVERY)


@pytest.mark.parametrize("name", ["all.tsv", "harbour.tsv", "qrels.tsv"])
def test_one_file_of_no_split_is_cut_in_three(tmp_path, name):
    assert list(load_dataset(single(tmp_path, name)).qrels) == ["train", "dev", "test"]


def test_a_table_named_after_a_split_is_that_split(tmp_path):
    rows = [{"query": f"question {n}", "passage": f"answer {n}"} for n in range(10)]
    assert list(load_dataset(write(tmp_path / "test.jsonl", jsonl(rows))).qrels) == ["test"]
    assert list(load_dataset(write(tmp_path / "train.jsonl", jsonl(rows))).qrels) == ["train", "dev"]
    assert list(load_dataset(write(tmp_path / "pairs.jsonl", jsonl(rows))).qrels) == ["train", "dev", "test"]


def test_training_on_it_is_refused_with_the_remedy_and_checking_says_what_it_is_good_for(tmp_path):
    folder = single(tmp_path, "test.tsv")
    with pytest.raises(DataError, match=r"only test, so it can be measured .* call a single one all.tsv"):
        load_dataset(folder).split("train")
    report = check_dataset(folder)
    assert [problem.kind for problem in report.errors] == ["no train split"]
    assert report.splits["test"].queries == 5


def test_dangling_judgements_cost_themselves_alone_where_nothing_is_trained(tmp_path, caplog):
    folder = beir(tmp_path)
    write(
        folder / "qrels" / "test.tsv",
        beir_qrels([*TEST, ("q4", "gone", 1), ("q4", "lost", 1), ("nobody", "d1", 1)]),
    )
    data = load_dataset(folder)
    assert len(data.qrels["test"]) == len(TEST)
    told = [record.getMessage() for record in caplog.records]
    assert any(
        "test.tsv:5: no document 'gone': left out of test (and 1 more like it)" in line for line in told
    )
    assert any("test.tsv:7: no query 'nobody': left out of test" in line for line in told)
    with pytest.raises(DataError, match=r"test.tsv:5: no document 'gone': add it"):
        load_dataset(folder, strict=True)


def test_dangling_judgements_of_training_are_errors(tmp_path):
    folder = beir(tmp_path)
    write(folder / "qrels" / "train.tsv", beir_qrels([*TRAIN, ("q1", "gone", 1)]))
    with pytest.raises(DataError, match="no document 'gone': add it to the corpus"):
        load_dataset(folder)


def test_a_split_of_another_corpus_is_no_split(tmp_path):
    folder = beir(tmp_path)
    write(folder / "qrels" / "test.tsv", beir_qrels([("q4", "x1", 1), ("q5", "x2", 1)]))
    with pytest.raises(DataError, match="none of the 2 judgements is of a document and query that are there"):
        load_dataset(folder)


def test_the_official_folder_of_ms_marco(tmp_path, caplog):
    write(tmp_path / "collection.tsv", "".join(f"{key}\t{text}\n" for key, (_, text) in DOCS.items()))
    for name, keys in (
        ("train", "q1 q2 q3"),
        ("dev", "q4 q5"),
        ("dev.small", "q5"),
        ("eval", "q9"),
        ("eval.small", "q9"),
    ):
        lines = (f"{key}\t{QUERIES.get(key, 'asked')}\n" for key in keys.split())
        write(tmp_path / f"queries.{name}.tsv", "".join(lines))
    write(tmp_path / "qrels.train.tsv", "q1\t0\td1\t1\nq2\t0\td2\t1\nq3\t0\td3\t1\n")
    write(tmp_path / "qrels.dev.tsv", "q4\t0\td4\t1\nq5\t0\td4\t1\n")
    write(tmp_path / "qrels.dev.small.tsv", "q5\t0\td4\t1\n")
    data = load_dataset(tmp_path)
    assert {split: len(qrels) for split, qrels in data.qrels.items()} == {"train": 3, "dev": 1}
    (told,) = (record.getMessage() for record in caplog.records if "small" in record.getMessage())
    assert "dev is qrels.dev.small.tsv; qrels.dev.tsv beside it is left out" in told
