"""Every way an input can be bad: one line, with file and line, the value and a remedy."""

# ruff: noqa: E501 - a table reads best with a case a line

import gzip
import os
import tracemalloc

import pytest

from ance_core.data import load_dataset
from ance_core.errors import DataError

from .folders import DOCS, QUERIES, TRAIN, beir, beir_qrels, jsonl, write

CORPUS = [{"_id": key, "title": title, "text": text} for key, (title, text) in DOCS.items()]


def corpus(*more):
    return jsonl([*CORPUS, *more])


def queries(*more):
    return jsonl([*({"_id": k, "text": t} for k, t in QUERIES.items()), *more])


BAD = {
    "not UTF-8": ("corpus.jsonl", corpus().encode() + b'{"_id": "x", "text": "caf\xe9"}\n', r"corpus.jsonl:5: byte 26 \(0xe9\) is not UTF-8: save"),
    "bad JSON": ("corpus.jsonl", corpus() + '{"_id": "x", "text"\n', "corpus.jsonl:5: not valid JSON"),
    "deep JSON": ("corpus.jsonl", corpus() + "[" * 100_000 + "\n", "corpus.jsonl:5: not valid JSON"),
    "half a character": ("corpus.jsonl", corpus() + '{"_id": "x", "text": "\\ud83d"}\n', "corpus.jsonl:5: .*lone surrogate"),
    "not an object": ("corpus.jsonl", corpus() + "[1]\n", "corpus.jsonl:5: a JSON list, not an object"),
    "no id": ("corpus.jsonl", corpus({"text": "x"}), r"corpus.jsonl:5: field '_id' is missing \(found \['text'\]\)"),
    "no text": ("corpus.jsonl", corpus({"_id": "x", "body": "x"}), "corpus.jsonl:5: field 'text' is missing"),
    "text not a string": ("corpus.jsonl", corpus({"_id": "x", "text": 3}), "corpus.jsonl:5: field 'text' is 3, not a string"),
    "duplicated document": ("corpus.jsonl", corpus({"_id": "d1", "text": "again"}), "corpus.jsonl:5: document id 'd1' is duplicated"),
    "duplicated query": ("queries.jsonl", queries({"_id": "q1", "text": "again"}), "queries.jsonl:6: query id 'q1' is duplicated"),
    "empty query": ("queries.jsonl", queries({"_id": "q6", "text": "  "}), "queries.jsonl:6: query 'q6' has no text"),
    "empty corpus": ("corpus.jsonl", "", "corpus.jsonl: no document: training needs a corpus of 2"),
    "one document": ("corpus.jsonl", jsonl(CORPUS[:1]), "corpus.jsonl: 1 document: training needs a corpus of 2"),
    "NaN score": ("qrels/train.tsv", beir_qrels(TRAIN) + "q1\td2\tNaN\n", r"train.tsv:7: score 'NaN' is not a grade: grades are"),
    "NaN score on the first line": ("qrels/train.tsv", "q1\td2\tnan\n", "train.tsv:1: score 'nan'"),
    "infinite score": ("qrels/train.tsv", beir_qrels(TRAIN) + "q1\td2\tinf\n", "train.tsv:7: score 'inf'"),
    "score in words": ("qrels/train.tsv", beir_qrels(TRAIN) + "q1\td2\tvery\n", "train.tsv:7: score 'very'"),
    "half a grade": ("qrels/train.tsv", beir_qrels(TRAIN) + "q1\td2\t0.5\n", "train.tsv:7: score '0.5'"),
    "enormous grade": ("qrels/train.tsv", beir_qrels(TRAIN) + "q1\td2\t99999\n", "train.tsv:7: score '99999'"),
    "two fields": ("qrels/train.tsv", beir_qrels(TRAIN) + "q1\td2\n", "train.tsv:7: 2 fields in"),
    "dangling query": ("qrels/train.tsv", beir_qrels([*TRAIN, ("nobody", "d1", 1)]), "train.tsv:7: no query 'nobody': add it"),
    "dangling document": ("qrels/train.tsv", beir_qrels([*TRAIN, ("q1", "nothing", 1)]), "train.tsv:7: no document 'nothing'"),
    "contradiction": ("qrels/train.tsv", beir_qrels([*TRAIN, ("q1", "d1", 0)]), "train.tsv:7: query 'q1', document 'd1' graded 0"),
    "empty split": ("qrels/train.tsv", beir_qrels([]), "train.tsv: the train split has no judgement"),
    "query without a label": ("qrels/train.tsv", beir_qrels([*TRAIN, ("q4", "d1", 0)]), "train.tsv:7: train query 'q4' has no relevant document: label one"),
    "one training query": ("qrels/train.tsv", beir_qrels(TRAIN[:1]), "train split: 1 query, but a dev split"),
    "two files for a split": ("qrels/training.tsv", beir_qrels(TRAIN), "train.tsv and training.tsv both give the train split"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_beir(tmp_path, case):
    name, content, message = BAD[case]
    write(beir(tmp_path) / name, content)
    with pytest.raises(DataError, match=message) as error:
        load_dataset(tmp_path)
    assert "\n" not in str(error.value)


def test_more_of_a_kind_are_counted_and_other_kinds_announced(tmp_path):
    folder = beir(tmp_path)
    write(
        folder / "corpus.jsonl", corpus({"_id": "d1", "text": "x"}, {"_id": "d2", "text": "x"}, {"_id": "e"})
    )
    with pytest.raises(DataError, match=r"jsonl:5: .*\(and 1 more like it\) \[1 other kind of problem: see"):
        load_dataset(folder)


def test_a_line_of_100_mb_is_refused_without_being_held(tmp_path):
    folder = beir(tmp_path)
    with (folder / "corpus.jsonl").open("ab") as file:
        file.truncate(file.tell() + 100 * 2**20)  # a hole: one line of 100 MiB that takes no disk
    tracemalloc.start()
    try:
        with pytest.raises(
            DataError, match=r"corpus.jsonl:5: the line has 100.0 MiB, the limit is 16 MiB: split"
        ):
            load_dataset(folder)
        assert tracemalloc.get_traced_memory()[1] < 50 * 2**20
    finally:
        tracemalloc.stop()


def test_damaged_gzip(tmp_path):
    folder = beir(tmp_path, ".gz")
    whole = gzip.compress(corpus().encode())
    (folder / "corpus.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"corpus.jsonl.gz:\d: damaged gzip stream"):
        load_dataset(folder)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is unreadable to this user")
def test_unreadable_file(tmp_path):
    folder = beir(tmp_path)
    (folder / "corpus.jsonl").chmod(0)
    with pytest.raises(DataError, match="cannot be read"):
        load_dataset(folder)


def test_missing_parts(tmp_path):
    (beir(tmp_path) / "queries.jsonl").unlink()
    with pytest.raises(DataError, match=r"no queries\.jsonl"):
        load_dataset(tmp_path)


def test_splits_without_train(tmp_path):
    (beir(tmp_path) / "qrels" / "train.tsv").rename(tmp_path / "qrels" / "dev.tsv")
    data = load_dataset(tmp_path)  # can be measured
    assert list(data.qrels) == ["dev", "test"]
    with pytest.raises(
        DataError, match=r"no train split, only dev, test, so .* add a judgement file for train"
    ):
        data.split("train")


TABLES = {
    "missing column": ("t.csv", "query,pasage\na,b\n", "t.csv:1: no column 'passage'; did you mean 'pasage'"),
    "too few fields": ("t.csv", "query,passage\na,b\nc\n", "t.csv:3: 1 against 2 fields"),
    "open quote": ("t.csv", 'query,passage\na,b\nc,"d\n', "t.csv:3: unexpected end of data: close its quotes"),
    "empty passage": ("t.csv", "query,passage\na,\n", "t.csv:2: field 'passage' is '', not a text"),
    "NaN in JSON": ("t.jsonl", '{"query": "a", "passage": "b", "score": NaN}\n', "t.jsonl:1: score nan is not a grade"),
    "boolean score": ("t.jsonl", '{"query": "a", "passage": "b", "score": true}\n', "t.jsonl:1: score True"),
    "id of another passage": ("t.csv", "id,query,passage\n1,a,b\n1,c,d\n", "t.csv:3: id '1' already has another passage"),
    "line after blanks": ("t.csv", "query,passage,score\n\n\na,b,x\n", "t.csv:4: score 'x'"),
    "too few queries": ("t.csv", "query,passage\na,b\na,c\n", "all split: 1 judged queries cannot make"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_bad_table(tmp_path, case):
    name, content, message = TABLES[case]
    with pytest.raises(DataError, match=message) as error:
        load_dataset(write(tmp_path / name, content))
    assert "\n" not in str(error.value)


def test_bad_trec(tmp_path):
    write(tmp_path / "topics.txt", "<top>\n<num> 1\n<title> open\n")
    write(tmp_path / "qrels.txt", "1 0 d1 1\n")
    write(tmp_path / "docs.trec", "<DOC>\n<TEXT>no number</TEXT>\n</DOC>\n")
    with pytest.raises(DataError, match=r"docs.trec:1: a <doc> without <DOCNO>: give the document one"):
        load_dataset(tmp_path)


def test_byte_order_mark_and_windows_line_ends_are_no_trouble(tmp_path):
    folder = beir(tmp_path / "a")
    plain = load_dataset(folder).fingerprint
    for file in folder.rglob("*.*l*"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert load_dataset(folder).fingerprint == plain
