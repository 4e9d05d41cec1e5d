"""DANCE: the mirrored problem, the two directions, and the ablation."""

import json

import numpy as np
import pytest
import torch

from ance_core.config import MethodConfig
from ance_core.data import Qrels, load_dataset
from ance_core.errors import ConfigError
from ance_core.experiments.probe import load_moment
from ance_core.objectives import PairwiseNLL, Scores, uniform
from ance_core.recipes import RECIPES
from ance_core.samplers import QueryBatch, TopK
from ance_core.samplers.audit import audit_draws
from ance_core.training.dual import regularisers
from ance_core.training.miners import Miner
from ance_core.training.mining import MiningSeconds, mine_dense
from ance_core.training.mirror import Mirror
from ance_core.training.order import DataOrder
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


def test_regularisers_by_hand():
    """Queries a squared distance of 2 apart, documents 4, at t = 2: uniformity -4 and -8, together -12; alignment 1."""
    q, d = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    even = MethodConfig(uniform_weight=0.1, uniformity_t=2.0)
    assert float(regularisers(even, q, d)) == pytest.approx(0.1 * (-4 - 8))
    assert float(regularisers(MethodConfig(align_weight=0.5), q, d)) == pytest.approx(0.5)
    assert float(regularisers(MethodConfig(dual_weight=0.1), q, d)) == 0


def test_both_sides_of_uniformity_reach_the_loss(store, settings):
    method = {"dual_weight": 0.1, "uniform_weight": 0.3, "uniformity_t": 2.0}
    (run,) = train_runs([settings(recipe="dance", method=method)], store)
    moment = load_moment(run, 0)
    labels = moment.problem.labels
    batch = DataOrder(labels, moment.problem.n_docs, 8, moment.config.seed).batch(0)
    q = torch.from_numpy(moment.embeddings.queries(labels.queries[batch.rows]))
    d = torch.from_numpy(moment.embeddings.documents(0)[batch.positives])
    first = run.scalars().query("step == 1").set_index("name").value
    added = first["loss"] - first["loss/prime"] - 0.1 * first["loss/dual"]
    assert added == pytest.approx(0.3 * float(uniform(q) + uniform(d)), rel=1e-4)


@pytest.mark.parametrize("chunks", [2, 5])
def test_a_chunked_refresh_renews_what_a_full_one_would_mine(store, settings, chunks):
    """Oracle: with the same weights, pools mined whole. What is not renewed stays as it was."""
    (run,) = train_runs([settings(recipe="dance", refresh={"every": 3, "chunks": chunks})], store)
    moment = load_moment(run, 10)
    recipe, scale = RECIPES["dance"], moment.model.scale

    def mine(chunks, step, newest):
        refresh = moment.config.refresh.model_copy(update={"chunks": chunks})
        config = moment.config.model_copy(update={"refresh": refresh})
        return Miner(config, recipe, moment.problem, moment.embeddings, scale)(step, newest).pools

    whole, before = mine(1, 10, {}), mine(1, 0, {})
    for pool in before.values():
        pool.docs[:] = pool.docs[:, ::-1]  # so that what stays can be told from what is mined anew
    after = mine(chunks, 10, before)
    for name, pool in after.items():
        fresh = pool.index_step == 10
        assert 0 < fresh.sum() < len(fresh)
        for field in ("docs", "sources", "index_step"):
            np.testing.assert_array_equal(getattr(pool, field)[fresh], getattr(whole[name], field)[fresh])
            np.testing.assert_array_equal(getattr(pool, field)[~fresh], getattr(before[name], field)[~fresh])
        np.testing.assert_allclose(pool.scores[fresh], whole[name].scores[fresh], rtol=1e-6)
        np.testing.assert_allclose(pool.label_scores, whole[name].label_scores, rtol=1e-6)
    mirror, renewed = moment.problem.mirror, np.flatnonzero(after["own"].index_step == 10)
    answers = {int(d) for row in renewed for d in moment.problem.labels.of(row)}
    assert set(mirror.labels.queries[after["dual"].index_step == 10].tolist()) == answers
