"""The small inputs of `../shared/cases`, each read as its table says. Skipped, and said so, where they are absent."""

import os
from pathlib import Path

import pytest

from ance_core.data import load_dataset
from ance_core.data.check import check_dataset
from ance_core.errors import DataError

CASES = Path(
    os.environ.get("ANCE_SHARED_CASES", Path(__file__).resolve().parents[2].parent / "shared" / "cases")
)
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"no {CASES}: the shared cases are not read")


def test_beir_test_only():
    data = load_dataset(CASES / "beir-test-only")
    assert {split: len(qrels) for split, qrels in data.qrels.items()} == {"test": 6}
    with pytest.raises(DataError, match="no train split"):
        data.split("train")


def test_beir_dangling_test_line(caplog):
    data = load_dataset(CASES / "beir-dangling-test-line")
    assert len(data.qrels["test"]) == 2
    assert "no document 'd99': left out of test" in caplog.text
    with pytest.raises(DataError, match="no document 'd99'"):
        load_dataset(CASES / "beir-dangling-test-line", strict=True)


def test_query_is_document():
    data = load_dataset(CASES / "query-is-document")
    assert data.own.queries.tolist() == data.own.docs.tolist() == list(range(6))


def test_every_document_twice():
    told = {problem.kind: str(problem) for problem in check_dataset(CASES / "every-document-twice").warnings}
    assert "RR 0.50 instead of 1" in told["unjudged copies in test"]
    assert len(load_dataset(CASES / "every-document-twice", fold=True).docs) == 6


def test_trec_tags_in_text():
    data = load_dataset(CASES / "trec-tags-in-text")
    assert data.docs[0] == (
        "Harbour news. The ferry leaves at seven and at noon. If depth x<y then it waits; z>w is no reason. More tomorrow."
    )
    assert data.queries[0] == "what is the noon crossing really"


def test_trec_topic_elements():
    data = load_dataset(CASES / "trec-topic-elements")
    assert data.queries == ["noon crossing", "dogs on deck", "price of a bicycle"]


@pytest.mark.parametrize(
    ("name", "given"), [("passages.jsonl", 6), ("query-pos-neg.jsonl", 12), ("triplets.csv", 6)]
)
def test_negatives_of_other_tools(name, given):
    data = load_dataset(CASES / "negatives-of-other-tools" / name)
    assert (len(data.docs), len(data.queries), len(data.given)) == (6, 6, given)
