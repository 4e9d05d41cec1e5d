"""DANCE: the mirrored problem, the two directions, and the ablation."""

import json

import numpy as np
import pytest
import torch

from ance_core.data import Qrels, load_dataset
from ance_core.errors import ConfigError
from ance_core.objectives import PairwiseNLL, Scores
from ance_core.samplers import QueryBatch, TopK
from ance_core.samplers.audit import audit_draws
from ance_core.training.mining import MiningSeconds, mine_dense
from ance_core.training.mirror import Mirror
from ance_core.training.session import train_runs

PAIRS = [(0, 3), (0, 5), (2, 3), (4, 1), (6, 5)]  # (query row, document row)


@pytest.fixture
def labels():
    queries, docs = zip(*PAIRS, strict=True)
    return Qrels.of(queries, docs, [1] * len(PAIRS)).labels()


def test_the_mirror_holds_the_same_pairs(labels):
    mirror = Mirror.of(labels)
    seen = {
        (int(labels.queries[q]), int(d))
        for i, d in enumerate(mirror.labels.queries)
        for q in mirror.labels.of(i)
    }
    assert seen == set(PAIRS)
    assert mirror.n_queries == 4


def test_a_batch_and_its_mirror_speak_of_the_same_pairs(labels):
    mirror = Mirror.of(labels)
    rows = np.array([0, 0, 1, 2, 3])
    batch = QueryBatch(rows, np.arange(5), labels, 7, 0)
    mirrored = mirror.batch(batch)
    np.testing.assert_array_equal(mirrored.labels.queries[mirrored.rows], batch.positives)
    np.testing.assert_array_equal(mirrored.positives, batch.rows)


def test_dual_negatives_follow_their_stated_probabilities_and_spare_own_queries(labels):
    rng = np.random.default_rng(0)
    mirror = Mirror.of(labels)
    docs, queries = rng.normal(size=(7, 4)).astype(np.float32), rng.normal(size=(4, 4)).astype(np.float32)
    pool = mine_dense(
        docs[mirror.labels.queries],
        queries,
        mirror.labels,
        depth=3,
        scale=1.0,
        source="dual",
        index_step=0,
        seconds=MiningSeconds(),
    )
    for document in range(len(mirror.labels.queries)):
        audit = audit_draws(TopK("dual", 3), {"dual": pool}, mirror.labels, 4, document, draws=5000)
        assert audit.impossible == 0
        assert audit.p_value > 1e-4


def test_the_directions_swap_when_queries_and_documents_swap():
    """The dual loss of (q, d) is the prime loss of (d, q)."""
    generator = torch.Generator().manual_seed(0)
    q, d, qn, dn = (torch.randn(5, 8, generator=generator) for _ in range(4))
    mask = torch.ones(5, 1, dtype=torch.bool)

    def nll(anchor, positive, negative):
        scores = Scores((anchor * positive).sum(1), (anchor * negative).sum(1, keepdim=True), mask)
        return float(PairwiseNLL()(scores).value)

    prime, dual = nll(q, d, dn), nll(d, q, qn)
    q, d, qn, dn = d, q, dn, qn
    assert nll(d, q, qn) == pytest.approx(prime)
    assert nll(q, d, dn) == pytest.approx(dual)


def test_dance_records_both_directions(store, settings):
    (run,) = train_runs([settings(recipe="dance")], store)
    negatives = run.negatives()
    dual = negatives[negatives["source"] == "dual"]
    prime = negatives[negatives["source"] == "ann"]
    assert len(dual) == len(prime) == 12 * 8
    assert (dual["document"] == -1).all()
    assert (prime["negative_query"] == -1).all()
    qrels = load_dataset("tiny").qrels["train"].relevant()
    judged = set(zip(qrels.queries.tolist(), qrels.docs.tolist(), strict=True))
    pairs = zip(dual["negative_query"].tolist(), dual["positive"].tolist(), strict=True)
    assert not judged & set(pairs)
    both = zip(dual["query"].tolist(), dual["positive"].tolist(), strict=True)
    assert set(both) <= judged
    names = set(run.scalars().name)
    assert {"loss/prime", "loss/dual"} <= names
    wide = run.scalars().pivot(index="step", columns="name", values="value").dropna(subset=["loss"])
    np.testing.assert_allclose(wide["loss"], wide["loss/prime"] + 0.1 * wide["loss/dual"], rtol=1e-5)


def test_the_ablation_starts_every_cell_from_the_same_weights(store, settings):
    presets = (None, "norm", "dual", "regularised")
    runs = train_runs([settings(recipe="dance", preset=p, name=f"d-{p}") for p in presets], store)
    runs += train_runs([settings(recipe="ance", name="plain")], store)
    assert len({run.info["init"]["run"] for run in runs}) == 1
    assert "loss/dual" not in set(runs[1].scalars().name)
    assert runs[2].info["config"]["encoder"]["similarity"] == "dot"


def test_too_few_dual_negatives_are_refused(store, settings, tmp_path):
    """One document answers every query: no query is left to be told apart from."""
    corpus = [{"_id": f"d{i}", "text": f"passage number {i} of twelve"} for i in range(12)]
    queries = [{"_id": f"q{i}", "text": f"question {i} about a thing"} for i in range(20)]
    (tmp_path / "qrels").mkdir()
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    judged = "\n".join(f"q{i}\td0\t1" for i in range(20))
    (tmp_path / "qrels" / "train.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}\n")
    with pytest.raises(
        ConfigError, match=r"method.dual_weight: document 'd0' leaves 0 of \d+ training queries"
    ):
        train_runs([settings(recipe="dance", data=str(tmp_path))], store)
    assert store.runs() == []
