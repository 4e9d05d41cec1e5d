"""TREC run files: there and back, TREC's order, and errors that name the line."""

import numpy as np
import pytest

from ance_core.data import load_dataset
from ance_core.errors import DataError, StoreError
from ance_core.retrieval import BM25, Ranking, build_index, read_trec_run, search, write_trec_run


@pytest.fixture(scope="module")
def data():
    return load_dataset("tiny")


def test_there_and_back(tmp_path, data):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(len(data.docs), 8)).astype(np.float32)
    found = search(build_index(vectors), rng.normal(size=(len(data.queries), 8)).astype(np.float32), 7)
    write_trec_run(tmp_path / "run.txt", found, data.query_ids, data.doc_ids, "test")
    rows, again = read_trec_run(tmp_path / "run.txt", data)
    assert rows.tolist() == list(range(len(data.queries)))
    np.testing.assert_array_equal(again.docs, found.docs)
    np.testing.assert_array_equal(again.scores, found.scores)
    assert [p.name for p in tmp_path.iterdir()] == ["run.txt"]


def test_lines_as_trec_wants_them(tmp_path, data):
    found = Ranking(np.array([[1, 0], [2, -1]], np.int32), np.array([[2.5, 1], [-3, -np.inf]], np.float32))
    write_trec_run(tmp_path / "run.txt", found, ["q1", "q2"], ["a", "b", "c"], "mine")
    assert (tmp_path / "run.txt").read_text() == ("q1 Q0 b 1 2.5 mine\nq1 Q0 a 2 1 mine\nq2 Q0 c 1 -3 mine\n")


def test_bm25_with_unequal_numbers_of_results(tmp_path, data):
    found = BM25(data.docs).search(data.queries, len(data.docs))
    write_trec_run(tmp_path / "run.txt", found, data.query_ids, data.doc_ids, "bm25")
    rows, again = read_trec_run(tmp_path / "run.txt", data)
    width = again.docs.shape[1]
    np.testing.assert_array_equal(again.docs, found.docs[rows, :width])
    assert (found.docs[:, width:] == -1).all()


def test_order_is_by_score_then_rank(tmp_path, data):
    query, docs = data.query_ids[3], data.doc_ids
    lines = [f"{query} Q0 {docs[5]} 2 1.0 t", f"{query} 0 {docs[9]} 1 1.0 t", f"{query} Q0 {docs[2]} 9 7e0 t"]
    (tmp_path / "run.txt").write_text("\n\n".join(lines))
    rows, found = read_trec_run(tmp_path / "run.txt", data)
    assert rows.tolist() == [3]
    assert found.docs.tolist() == [[2, 9, 5]]
    assert found.scores.tolist() == [[7, 1, 1]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{q} Q0 {d} 1 2.0", r"run.txt:2: 5 fields: need six"),
        ("nobody Q0 {d} 1 2.0 t", r"run.txt:2: query 'nobody' is not in the dataset"),
        ("{q} Q0 nothing 1 2.0 t", r"run.txt:2: document 'nothing' is not in the dataset"),
        ("{q} Q0 {d} first 2.0 t", r"run.txt:2: rank 'first' and score '2.0' must be numbers"),
        ("{q} Q0 {d} 1 high t", r"run.txt:2: rank '1' and score 'high' must be numbers"),
        ("{q} Q0 {d} 1 nan t", r"run.txt:2: score 'nan': a finite number"),
        ("{q} Q0 {first} 1 1.0 t", r"run.txt:2: document '.*' a second time"),
    ],
)
def test_errors_name_the_line(tmp_path, data, line, message):
    names = {"q": data.query_ids[0], "d": data.doc_ids[1], "first": data.doc_ids[0]}
    text = "{q} Q0 {first} 1 1.0 t\n" + line + "\n"
    (tmp_path / "run.txt").write_text(text.format(**names))
    with pytest.raises(DataError, match=message):
        read_trec_run(tmp_path / "run.txt", data)


def test_unreadable_files(tmp_path, data):
    with pytest.raises(DataError, match="cannot be read"):
        read_trec_run(tmp_path / "absent.txt", data)
    (tmp_path / "latin.txt").write_bytes(b"\xe9 Q0 d 1 1 t\n")
    with pytest.raises(DataError, match="cannot be read"):
        read_trec_run(tmp_path / "latin.txt", data)
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(DataError, match="no results"):
        read_trec_run(tmp_path / "empty.txt", data)


@pytest.mark.parametrize(
    ("queries", "docs", "tag", "message"),
    [
        (["q 1"], ["a"], "t", "query id: 'q 1'"),
        (["q1"], ["a\tb"], "t", "document id"),
        (["q1"], ["a"], "", "tag: ''"),
    ],
)
def test_names_that_would_break_the_line(tmp_path, queries, docs, tag, message):
    found = Ranking(np.array([[0]], np.int32), np.array([[1]], np.float32))
    with pytest.raises(DataError, match=message):
        write_trec_run(tmp_path / "run.txt", found, queries, docs, tag)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(tmp_path):
    found = Ranking(np.array([[0]], np.int32), np.array([[1]], np.float32))
    with pytest.raises(StoreError, match="cannot be written"):
        write_trec_run(tmp_path / "absent" / "run.txt", found, ["q"], ["d"], "t")
