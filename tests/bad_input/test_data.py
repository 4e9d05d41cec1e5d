# ruff: noqa: E501 - a table reads best with a case a line
"""Data that would break training, from the prompt: refused with file, line and remedy before a run exists."""

import pytest

from ..data.folders import DOCS, QUERIES, TRAIN, beir, beir_qrels, jsonl, write
from ..terminal import refusal

CORPUS = [{"_id": key, "title": title, "text": text} for key, (title, text) in DOCS.items()]
ASKED = [{"_id": key, "text": text} for key, text in QUERIES.items()]

BAD = {
    "empty corpus": ("corpus.jsonl", "", "{}: no document: training needs a corpus of 2 or more"),
    "one document": ("corpus.jsonl", jsonl(CORPUS[:1]), "{}: 1 document: training needs a corpus of 2 or more"),
    "query without label": ("qrels/train.tsv", beir_qrels([*TRAIN, ("q4", "d1", 0)]), "{}:7: train query 'q4' has no relevant document: label one"),
    "not UTF-8": ("corpus.jsonl", jsonl(CORPUS).encode() + b'{"_id": "x", "text": "caf\xe9"}\n', "{}:5: byte 26 (0xe9) is not UTF-8: save the file as UTF-8"),
    "NaN score": ("qrels/train.tsv", beir_qrels(TRAIN) + "q1\td2\tNaN\n", "{}:7: score 'NaN' is not a grade"),
    "duplicated document id": ("corpus.jsonl", jsonl([*CORPUS, {"_id": "d1", "text": "again"}]), "{}:5: document id 'd1' is duplicated"),
    "duplicated query id": ("queries.jsonl", jsonl([*ASKED, {"_id": "q1", "text": "again"}]), "{}:6: query id 'q1' is duplicated"),
    "dangling id": ("qrels/train.tsv", beir_qrels([*TRAIN, ("q1", "nothing", 1)]), "{}:7: no document 'nothing': add it to the corpus or remove the line"),
    "not JSON": ("queries.jsonl", "open the door\n", "{}:1: not valid JSON"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_training_is_refused(refused, tmp_path, case):
    name, content, message = BAD[case]
    path = write(beir(tmp_path / "data") / name, content)
    assert refused("train", "--data", tmp_path / "data").startswith(message.format(path))


@pytest.mark.parametrize("case", BAD)
def test_check_says_so_too(ance, tmp_path, case):
    name, content, message = BAD[case]
    path = write(beir(tmp_path / "data") / name, content)
    done = ance("data", "check", tmp_path / "data")
    assert (done.code, done.err) == (1, "")
    assert f"error: {message.format(path)}" in done.out


def test_a_line_of_100_mb(refused, tmp_path):
    folder = beir(tmp_path / "data")
    with (folder / "corpus.jsonl").open("ab") as file:
        file.truncate(file.tell() + 100 * 2**20)  # a hole: one line of 100 MiB that takes no disk
    message = refused("train", "--data", folder)
    assert message.startswith(
        f"{folder / 'corpus.jsonl'}:5: the line has 100.0 MiB, the limit is 16 MiB: split the passage"
    )


def test_no_folder_an_empty_one_and_one_of_something_else(refused, tmp_path):
    assert "did you mean 'pydocs'?" in refused("train", "--data", "pydoc")
    (tmp_path / "empty").mkdir()
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    for name in ("empty", "photo.jpg"):
        assert refused("train", "--data", tmp_path / name).startswith(str(tmp_path / name))


def test_one_training_query(refused, tmp_path):
    folder = beir(tmp_path / "data")
    write(folder / "qrels" / "train.tsv", beir_qrels([("q1", "d1", 1)]))
    write(folder / "qrels" / "dev.tsv", beir_qrels([("q2", "d2", 1)]))
    assert refused("train", "--data", folder) == (
        "data: data has 1 training query; at least 2 are needed: add labels"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--recipe", "random", "--negatives", 30], "negatives.per_query: 30 asked of sampler 'random'"),
        (
            ["--recipe", "ance", "--negatives", 12, "--pool-depth", 10],
            "negatives.per_query: 12 asked of sampler",
        ),
        (
            ["--recipe", "bm25", "--negatives", 12, "--pool-depth", 10],
            "negatives.per_query: 12 asked of sampler",
        ),
    ],
)
def test_a_pool_smaller_than_the_draw(refused, words, message):
    assert refused("train", *words).startswith(message)


def test_a_split_that_is_not_there(ance, refused):
    message = "tiny: no 'tset' split; it has train, dev, test"
    assert refused("eval", "good", "--split", "tset").startswith(message)
    assert refusal(ance("data", "show", "tiny", "--split", "tset")).startswith(message)
