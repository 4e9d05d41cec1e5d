"""Documents that are the query itself: left out where ids are shared, kept where equal ids mean something else."""

import numpy as np
import pytest

from ance_core.data import load_dataset
from ance_core.data.check import check_dataset
from ance_core.data.dataset import Labels
from ance_core.retrieval import Ranking, leave_out
from ance_core.samplers import QueryBatch, TopK, Uniform
from ance_core.samplers.audit import audit_draws
from ance_core.samplers.in_batch import InBatch
from ance_core.training.mining import MiningSeconds, mine_bm25, mine_dense
from ance_core.training.mirror import Mirror

from .folders import beir_qrels, jsonl, write

TEXTS = {
    f"p{n}": f"the {word} of the harbour"
    for n, word in enumerate(("boat", "dog", "bike", "ticket", "storm", "soup"))
}
TRAIN = [("p0", "p1", 1), ("p1", "p2", 1), ("p2", "p0", 1), ("p2", "p3", 1)]
TEST = [("p3", "p4", 1), ("p4", "p5", 1)]


def folder(path, rename=lambda key: key, asked=lambda text: text, train=TRAIN):
    write(path / "corpus.jsonl", jsonl([{"_id": rename(key), "text": text} for key, text in TEXTS.items()]))
    write(
        path / "queries.jsonl",
        jsonl([{"_id": rename(key), "text": asked(text)} for key, text in TEXTS.items()]),
    )
    for split, rows in (("train", train), ("dev", TEST[:1]), ("test", TEST)):
        write(path / "qrels" / f"{split}.tsv", beir_qrels([(rename(q), rename(d), g) for q, d, g in rows]))
    return path


def pairs(data):
    return [
        (data.query_ids[q], data.doc_ids[d]) for q, d in zip(data.own.queries, data.own.docs, strict=True)
    ]


def test_where_ids_are_shared_a_query_has_its_own_document(tmp_path, caplog):
    data = load_dataset(folder(tmp_path))
    assert pairs(data) == [(key, key) for key in TEXTS]
    (told,) = (record.getMessage() for record in caplog.records)
    assert "6 documents have a query's id, such as 'p0': each is left out" in told
    kept = load_dataset(tmp_path, ignore_identical_ids=False)
    assert not len(kept.own)
    assert kept.fingerprint != data.fingerprint


def test_a_document_that_is_judged_relevant_is_an_answer_whatever_its_id(tmp_path):
    data = load_dataset(folder(tmp_path, train=[*TRAIN, ("p0", "p0", 1)]))
    assert ("p0", "p0") not in pairs(data)
    assert len(data.own) == 5


def test_equal_numbers_with_other_texts_are_chance(tmp_path):
    number = lambda key: str(int(key[1:]) + 1)  # noqa: E731
    by_chance = load_dataset(folder(tmp_path / "a", number, lambda text: f"which is {text[4:8]}"))
    assert not len(by_chance.own)
    assert len(load_dataset(tmp_path / "a", ignore_identical_ids=True).own) == 6
    assert any("taken for chance" in str(problem) for problem in check_dataset(tmp_path / "a").warnings)
    assert len(load_dataset(folder(tmp_path / "b", number)).own) == 6  # numbers, and the same texts


def test_own_documents_leave_rankings():
    ranking = Ranking(
        np.array([[3, 1, 2], [0, 2, -1]], np.int32), np.array([[3, 2, 1], [2, 1, -np.inf]], np.float32)
    )
    assert leave_out(ranking, np.array([3, -1]), 2).docs.tolist() == [[1, 2], [0, 2]]
    assert leave_out(ranking, None, 2).docs.tolist() == [[3, 1], [0, 2]]


@pytest.fixture
def labels(tmp_path):
    data = load_dataset(folder(tmp_path))
    return data, data.labels(data.qrels["train"])


def test_own_documents_are_in_no_pool(labels):
    data, labels = labels
    bm25 = mine_bm25(data, labels, 6)
    vectors = np.eye(6, dtype=np.float32) + 0.1
    dense = mine_dense(
        vectors[labels.queries],
        vectors,
        labels,
        depth=6,
        scale=1.0,
        source="ann",
        index_step=0,
        seconds=MiningSeconds(),
    )
    for pool in (bm25, dense):
        for row in range(len(labels)):
            own = labels.own[row]
            assert own == labels.queries[row]  # the same ids in the same order
            left = set(pool.docs[row][pool.docs[row] >= 0].tolist())
            assert left == set(range(6)) - {own} - set(labels.of(row).tolist())


@pytest.mark.parametrize("query", [0, 2])
def test_own_documents_are_never_drawn(labels, query):
    _, labels = labels
    audit = audit_draws(Uniform(), {}, labels, 6, query, n=3, draws=4000)
    assert audit.impossible == 0
    assert audit.p_value > 1e-4
    batch = QueryBatch(np.arange(3), labels.indptr[:3], labels, 6)
    p = Uniform().probabilities(batch, {})
    assert p[query, labels.own[query]] == 0
    assert Uniform().expected_draws(labels, 6, {}).sum() == pytest.approx(3)
    assert np.allclose(Uniform().expected_draws(labels, 6, {}), sum(_towards_each(labels)))
    assert Uniform().capacity(labels, 6).tolist() == [4, 4, 3]
    assert TopK("own", 200).capacity(labels, 6).tolist() == [4, 4, 3]
    drawn = InBatch().draw(batch, {}, 1, np.zeros((3, 0)))
    assert not (drawn.docs == labels.own[:, None]).any()


def _towards_each(labels: Labels):
    for row in range(len(labels)):
        batch = QueryBatch(np.array([row]), labels.indptr[[row]], labels, 6)
        yield Uniform().probabilities(batch, {})[0]


def test_seen_from_the_documents_a_query_is_left_out_too(labels):
    _, labels = labels
    mirror = Mirror.of(labels).labels
    for row, document in enumerate(mirror.queries):
        own = mirror.own[row]
        assert own == (document if document < 3 else -1)  # training queries are p0, p1, p2


def test_parts_of_labels_keep_them(labels):
    _, labels = labels
    part = labels.take(np.array([0, 2]))
    assert part.own.tolist() == [0, 2]
    assert part.excluded[1].tolist() == [0, 1, 0, 2, 3]
