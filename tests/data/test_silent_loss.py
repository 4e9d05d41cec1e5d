"""What used to be lost without a word: each is read, or named with file and line."""

import json

import pytest

from ance_core.data import load_dataset
from ance_core.errors import DataError

from .folders import DOCS, QUERIES, TEST, TRAIN, beir, beir_qrels, jsonl, write


def test_a_bad_grade_on_the_first_line_is_no_header(tmp_path):
    folder = beir(tmp_path)
    write(folder / "qrels" / "train.tsv", "q1\td1\tone\n" + beir_qrels(TRAIN[1:]).split("\n", 1)[1])
    with pytest.raises(DataError, match=r"train.tsv:1: score 'one' is not a grade"):
        load_dataset(folder)


@pytest.mark.parametrize(
    "header",
    [
        "query-id\tcorpus-id\tscore",
        "qid\t0\tdocid\trel",
        "Topic\tIter\tDocument\tRelevance",
        "qid\tpid\tgrade",
    ],
)
def test_headers_are_still_headers(tmp_path, header):
    folder = beir(tmp_path)
    line = (
        (lambda q, d, g: f"{q}\t0\t{d}\t{g}\n")
        if header.count("\t") == 3
        else (lambda q, d, g: f"{q}\t{d}\t{g}\n")
    )
    write(folder / "qrels" / "test.tsv", header + "\n" + "".join(line(*row) for row in TEST))
    assert len(load_dataset(folder).qrels["test"]) == len(TEST)


def test_a_lone_carriage_return_ends_a_line(tmp_path):
    write(tmp_path / "collection.tsv", "\r".join(f"{key}\t{text}" for key, (_, text) in DOCS.items()) + "\n")
    write(tmp_path / "queries.tsv", "".join(f"{key}\t{text}\r\n" for key, text in QUERIES.items()))
    write(tmp_path / "qrels.train.tsv", "q1\t0\td1\t1\nq2\t0\td2\t1\rq3\t0\td3\t1\n")
    data = load_dataset(tmp_path)
    assert data.doc_ids == list(DOCS)
    assert len(data.qrels["train"]) + len(data.qrels["dev"]) == 3


@pytest.mark.parametrize(
    "line", ['{"_id": "x", "text": "a", "text": "b"}', '{"_id": "x", "\\u005fid": "y", "text": "b"}']
)
def test_a_key_given_twice(tmp_path, line):
    folder = beir(tmp_path)
    with (folder / "corpus.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=r"corpus.jsonl:5: not valid JSON \(the key '\w+' is given twice\)"):
        load_dataset(folder)


def test_a_key_that_is_only_repeated_as_text_is_fine(tmp_path):
    folder = beir(tmp_path)
    with (folder / "corpus.jsonl").open("a") as file:
        file.write(
            json.dumps({"_id": "x", "text": 'say "text" and "_id"', "more": [{"text": "a"}, {"text": "b"}]})
            + "\n"
        )
    assert load_dataset(folder).docs[-1] == 'say "text" and "_id"'


def test_a_column_given_twice(tmp_path):
    with pytest.raises(DataError, match=r"t.csv:1: two columns called 'passage': rename one"):
        load_dataset(write(tmp_path / "t.csv", "query,passage,passage\na,b,c\n"))


@pytest.mark.parametrize("value", [["d1"], True, float("nan"), 1.5, {}])
@pytest.mark.parametrize("place", ["corpus", "table"])
def test_ids_that_are_no_ids(tmp_path, value, place):
    if place == "corpus":
        beir(tmp_path)
        with (tmp_path / "corpus.jsonl").open("a") as file:
            file.write(json.dumps({"_id": value, "text": "a"}) + "\n")
        where, path = "corpus.jsonl:5", tmp_path
    else:
        rows = [{"query": "a", "passage": "b"}, {"query": "c", "passage": "d", "id": value}]
        where, path = "t.jsonl:2", write(tmp_path / "t.jsonl", jsonl(rows))
    with pytest.raises(DataError, match=where):
        load_dataset(path)


def test_no_message_repeats_a_long_input(tmp_path):
    long = "x" * 1_000_000
    cases = {
        "a.jsonl": jsonl([{long: 1}]),
        "b.csv": f"{long},b\n1,2\n",
        "c.jsonl": jsonl([{"query": "a", "passage": "b", "score": long}]),
        "d.jsonl": jsonl([{"query": "a", "passage": "b", "id": [long]}]),
        "e.jsonl": "[" + '"' + long + '"]\n',
    }
    for name, text in cases.items():
        with pytest.raises(DataError) as error:
            load_dataset(write(tmp_path / name, text))
        assert "x" * 201 not in str(error.value), name
        assert len(str(error.value)) < 1_100, name


def test_one_cause_gives_one_error(tmp_path):
    with pytest.raises(DataError, match="no column 'passage'") as error:
        load_dataset(write(tmp_path / "t.csv", "query,other\na,b\n"))
    assert "other kind" not in str(error.value)
    write(beir(tmp_path / "b") / "corpus.jsonl", "{\n")
    with pytest.raises(DataError, match="not valid JSON") as error:
        load_dataset(tmp_path / "b")
    assert "other kind" not in str(error.value)
