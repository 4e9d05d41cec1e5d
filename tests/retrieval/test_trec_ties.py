"""A run file gives in other programs what was measured here, whatever ties the ranking has."""

import ir_measures
import numpy as np
import pytest

from ance_core.data import load_dataset
from ance_core.retrieval import Ranking, evaluate, read_trec_run, write_trec_run
from ance_core.retrieval.trec import falling

from ..data.folders import beir_qrels, jsonl, write


@pytest.fixture
def doubled(tmp_path):
    docs = [{"_id": f"{side}_d{n}", "text": f"text {n}"} for n in range(6) for side in ("m", "z")]
    write(tmp_path / "corpus.jsonl", jsonl(docs))
    write(tmp_path / "queries.jsonl", jsonl([{"_id": f"q{n}", "text": f"query {n}"} for n in range(6)]))
    write(tmp_path / "qrels" / "test.tsv", beir_qrels([(f"q{n}", f"m_d{n}", 1) for n in range(6)]))
    return load_dataset(tmp_path)


def test_measures_of_the_file_are_those_of_the_ranking(doubled, tmp_path):
    labels = doubled.split("test").labels()
    scores = np.repeat(np.repeat(np.arange(6, 0, -1), 2)[None], 6, axis=0).astype(np.float32)
    order = np.array(
        [np.roll(np.arange(12).reshape(6, 2), -n // 2, axis=0).ravel() for n in range(6)], np.int32
    )
    ranking = Ranking(order, scores)
    ours = evaluate(ranking, labels, 12, ["RR@10", "nDCG@10", "Success@1"]).mean()
    write_trec_run(tmp_path / "run.txt", ranking, doubled.query_ids, doubled.doc_ids, "x")
    qrels = {f"q{n}": {f"m_d{n}": 1} for n in range(6)}
    measures = [ir_measures.parse_measure(name) for name in ours.index]
    theirs = ir_measures.calc_aggregate(measures, qrels, ir_measures.read_trec_run(str(tmp_path / "run.txt")))
    assert {str(m): v for m, v in theirs.items()} == pytest.approx(ours.to_dict())
    written = [float(line.split()[4]) for line in (tmp_path / "run.txt").read_text().splitlines()]
    by_query = np.array(written, np.float32).reshape(6, 12)
    assert (np.diff(by_query, axis=1) < 0).all()
    _, again = read_trec_run(tmp_path / "run.txt", doubled)
    assert (again.docs == ranking.docs).all()


def test_only_ties_are_moved():
    scores = np.array([[3, 3, 3, 1, 0, 0, -1], [5, 4, 3, 2, 1, 0, -np.inf]], np.float32)
    moved = falling(scores)
    assert (moved[1] == scores[1]).all()
    assert (np.diff(moved[0]) < 0).all()
    assert np.abs(moved[0] - scores[0]).max() < 1e-6
