import json

import pytest
from rich.console import Console

from ance_core.data.check import check_dataset
from ance_core.data.report import render
from ance_core.errors import DataError

from .folders import DOCS, TRAIN, beir, beir_qrels, jsonl, write


def kinds(problems):
    return {problem.kind: problem.count for problem in problems}


def shown(report):
    console = Console(width=200)
    with console.capture() as capture:
        console.print(render(report))
    return capture.get()


def test_a_sound_folder(tmp_path):
    report = check_dataset(beir(tmp_path))
    assert report.ok
    assert (report.documents, report.queries, report.unjudged_queries) == (4, 5, 0)
    assert report.splits["test"].relevant_pairs == 3
    assert report.splits["train"].queries + report.splits["dev"].queries == 3
    assert report.document_lengths.counts[:3] == [0, 4, 0]
    assert report.query_lengths.longest == 2
    assert json.loads(json.dumps(report.to_dict()))["ok"] is True


def test_errors_are_collected_not_raised(tmp_path):
    folder = beir(tmp_path)
    docs = [{"_id": key, "text": text} for key, (_, text) in DOCS.items()]
    broken = jsonl([*docs, {"_id": "d1", "text": "again"}, {"_id": "d2", "text": "again"}]) + "{\n"
    write(folder / "corpus.jsonl", broken)
    write(
        folder / "qrels" / "train.tsv",
        beir_qrels([*TRAIN, ("q1", "gone", 1), ("q4", "d1", 0)]) + "q1\td2\tNaN\n",
    )
    report = check_dataset(folder)
    assert not report.ok
    assert kinds(report.errors) == {
        "duplicated id": 2,
        "json": 1,
        "score": 1,
        "query without label": 1,
    }  # and no dangling document: the line that cannot be read may be it
    assert "corpus.jsonl:5" in str(report.errors[0])
    assert "(and 1 more like it)" in str(report.errors[0])


def test_warnings(tmp_path):
    folder = beir(tmp_path)
    docs = [{"_id": key, "text": text} for key, (_, text) in DOCS.items()]
    copies = [
        {"_id": "c1", "text": "the BELL  rings in fog."},
        {"_id": "e1", "text": ""},
        {"_id": "e2", "text": ""},
    ]
    write(folder / "corpus.jsonl", jsonl([*docs, *copies]))
    queries = {"q1": "one", "q2": "two", "q3": "three", "q4": "Two ", "q5": "five", "q6": "unjudged"}
    write(folder / "queries.jsonl", jsonl([{"_id": k, "text": t} for k, t in queries.items()]))
    test = [("q4", "d4", 1), ("q1", "d2", 1), ("q5", "d2", 0)]
    write(folder / "qrels" / "dev.tsv", beir_qrels([("q3", "d3", 1)]))
    write(folder / "qrels" / "train.tsv", beir_qrels([("q1", "d1", 1), ("q2", "d2", 1), ("q2", "d2", 1)]))
    write(folder / "qrels" / "test.tsv", beir_qrels(test))
    report = check_dataset(folder)
    assert report.ok
    assert (report.duplicate_passages, report.empty_passages, report.unjudged_queries) == (1, 2, 1)
    assert kinds(report.warnings) == {
        "empty passage": 2,
        "repeated judgement": 1,
        "query without label": 1,
        "query in two splits": 1,
        "text in two splits": 1,
        "test answer in training": 1,
        "duplicate passage": 1,
        "unjudged copies in test": 1,
    }


def test_the_report_on_a_terminal(tmp_path):
    folder = beir(tmp_path)
    sound = shown(check_dataset(folder))
    assert "ready for training" in sound
    assert "words a document: median 6" in sound
    write(folder / "corpus.jsonl", "{\n")
    broken = shown(check_dataset(folder))
    assert "error: " in broken
    assert "training would refuse this" in broken


def test_nothing_to_check(tmp_path):
    with pytest.raises(DataError, match="no such dataset, folder or file"):
        check_dataset(tmp_path / "nowhere")


def test_tiny_only_shares_answers():
    report = check_dataset("tiny")
    assert report.ok
    assert kinds(report.warnings).keys() == {"dev answer in training", "test answer in training"}
