"""MaxP: in training, mining, evaluation and search a document scores as the best of its passages, found by loops."""

import json

import numpy as np
import pytest
import torch

from ance_core.data.passages import Passages
from ance_core.encoders import build_encoder, encode_corpus, load_model
from ance_core.errors import ConfigError
from ance_core.experiments.evaluation import evaluate_run
from ance_core.experiments.search import search_run
from ance_core.experiments.variance import variance_of_run
from ance_core.probes.negatives.space import Space
from ance_core.probes.whatif.frozen import load_situation
from ance_core.recipes import RECIPES
from ance_core.retrieval import evaluate, top_k
from ance_core.runs import probes
from ance_core.samplers import SOURCES, Draw
from ance_core.samplers.pool_files import read_pools
from ance_core.training.mining import MiningSeconds, mine_dense
from ance_core.training.problem import load_problem
from ance_core.training.problem_files import read_problem, write_problem
from ance_core.training.session import train_runs
from ance_core.training.step import score_batch

from .given import data_for

SEVERAL = {"max_document_tokens": 20, "max_passages": 4}
READERS = [name for name, recipe in RECIPES.items() if recipe.reads_passages]
OTHERS = [name for name in RECIPES if name not in READERS]


def best_of(scores, passages):
    """(Q, P) -> (Q, N), one document at a time."""
    return np.stack([scores[:, passages.document == d].max(axis=1) for d in range(len(passages))], axis=1)


def drawn(docs):
    shape = docs.shape
    fill = np.zeros(shape, np.float32)
    source = np.full(shape, SOURCES.index("ann"), np.uint8)
    return Draw(
        docs, np.zeros(shape, np.int32), fill, fill, np.ones(shape), source, np.zeros(shape, np.int32)
    )


def test_scores_and_gradients_are_those_of_the_winning_passages():
    rng = np.random.default_rng(0)
    passages = Passages(np.cumsum([0, *rng.integers(1, 5, 9)]))
    vectors = torch.tensor(rng.normal(size=(passages.starts[-1], 6)).astype(np.float32), requires_grad=True)
    anchors = torch.tensor(rng.normal(size=(5, 6)).astype(np.float32))
    at = rng.integers(0, 9, (5, 4))  # a positive and three negatives a query, among the batch's documents
    rows, place = passages.expand(np.arange(9))
    assert rows.tolist() == list(range(passages.starts[-1]))
    scored = score_batch(0.5, anchors, vectors, place[at], drawn(at[:, 1:].astype(np.int32)))

    expected, winners = np.zeros((5, 4), np.float32), np.zeros((5, 4), int)
    for q in range(5):
        for c in range(4):
            own = np.flatnonzero(passages.document == at[q, c])
            products = [float(anchors[q] @ vectors[p].detach()) for p in own]
            expected[q, c], winners[q, c] = 0.5 * max(products), own[int(np.argmax(products))]
    got = torch.cat([scored.scores.positive[:, None], scored.scores.negative], dim=1)
    np.testing.assert_allclose(got.detach().numpy(), expected, rtol=1e-5)
    np.testing.assert_array_equal(scored.positive_at.numpy(), winners[:, 0])
    np.testing.assert_array_equal(scored.negative_at.numpy(), winners[:, 1:])

    (gradient,) = torch.autograd.grad(got.sum(), vectors)
    by_hand = np.zeros(vectors.shape, np.float32)
    for q in range(5):
        for c in range(4):
            by_hand[winners[q, c]] += 0.5 * anchors[q].numpy()
    np.testing.assert_allclose(gradient.numpy(), by_hand, rtol=1e-5, atol=1e-6)


@pytest.fixture
def problem(settings):
    return load_problem(settings(recipe="ance", encoder=SEVERAL))


def test_pools_are_the_ranking_by_best_passages(problem, settings):
    config = settings(recipe="ance", encoder=SEVERAL)
    model = build_encoder(config.encoder, problem.dataset, problem.tokens, 0)
    labels, passages = problem.labels, problem.tokens.docs.passages
    docs = encode_corpus(model, problem.tokens.docs)
    queries = encode_corpus(model, problem.tokens.queries, labels.queries, "query")
    pool = mine_dense(
        queries,
        docs,
        labels,
        depth=10,
        scale=0.25,
        source="ann",
        index_step=0,
        seconds=MiningSeconds(),
        passages=passages,
    )
    table = best_of(0.25 * queries @ docs.T, passages)
    for i in range(len(labels)):
        own = labels.of(i)
        np.testing.assert_allclose(
            pool.label_scores[labels.indptr[i] : labels.indptr[i + 1]], table[i, own], rtol=1e-4
        )
        table[i, own] = -np.inf
    expected = top_k(table, 10)
    np.testing.assert_array_equal(pool.docs, expected.docs)
    np.testing.assert_allclose(pool.scores, expected.scores, rtol=1e-4)


@pytest.mark.parametrize("kind", ["static", "mini"])
def test_training_evaluation_and_search_agree_with_loops_over_passages(kind, store, settings):
    small = {"layers": 1} if kind == "mini" else {}
    config = settings(
        recipe="ance",
        steps=4,
        refresh={"every": 2},
        threads=1,
        encoder={"kind": kind, "precision": "fp32", **SEVERAL, **small},
    )
    (run,) = train_runs([config], store)
    assert run.status().state == "finished"
    problem = load_problem(config)
    dataset, passages = problem.dataset, problem.tokens.docs.passages
    assert passages.most == 4
    model, _ = load_model(run.folder / "model")
    vectors, all_queries = (
        encode_corpus(model, problem.tokens.docs),
        encode_corpus(model, problem.tokens.queries, None, "query"),
    )
    scores = model.scale * best_of(all_queries @ vectors.T, passages)

    labels = dataset.split("test").labels()
    expected = evaluate(top_k(scores[labels.queries], len(dataset.docs)), labels, len(dataset.docs)).mean()
    logged = json.loads((run.folder / "results.json").read_text())["test"]
    again, _ = evaluate_run(run)
    for name in ("RR@10", "nDCG@10", "R@100"):
        assert logged[name] == pytest.approx(expected[name], abs=1e-6)
        assert again[name] == pytest.approx(expected[name], abs=1e-6)

    hits = search_run(run, dataset.queries[3], k=5)
    best = np.argsort(-scores[3], kind="stable")[:5]
    assert [hit.id for hit in hits] == [dataset.doc_ids[d] for d in best]
    assert [hit.score for hit in hits] == pytest.approx(scores[3][best].tolist(), abs=1e-4)

    drawn_scores = run.negatives().query("step == 1")
    pool = read_pools(run.folder / "pools", 0)["own"]
    for record in drawn_scores.itertuples():
        row = int(np.flatnonzero(problem.labels.queries == record.query)[0])
        assert record.document in pool.docs[row]
        assert record.score == pytest.approx(
            record.score_drawn, abs=1e-3
        )  # the pool is of these very weights


@pytest.mark.parametrize("recipe", READERS)
def test_every_recipe_that_can_trains(recipe, store, settings):
    (run,) = train_runs([settings(recipe=recipe, steps=3, encoder=SEVERAL)], store, dataset=data_for(recipe))
    assert run.status().state == "finished"
    assert np.isfinite(run.scalars(["loss"]).value).all()


@pytest.mark.parametrize("recipe", OTHERS)
def test_the_others_refuse_in_one_line(recipe, settings):
    message = rf"encoder.max_passages: 4 does not go with recipe '{recipe}'.*set it to 1.*'ance'"
    with pytest.raises(ConfigError, match=message):
        settings(recipe=recipe, encoder=SEVERAL)


def test_several_passages_at_most_but_only_one_there_is_first_p(store, settings):
    """Where every document fits into one passage, both are the same training, bit for bit."""
    runs = [
        train_runs([settings(recipe="ance", steps=6, name=f"p{most}", encoder=encoder)], store)[0]
        for most in (1, 4)
        for encoder in [{"max_document_tokens": 256, "max_passages": most}]
    ]
    first, several = (run.scalars()[["step", "name", "value"]] for run in runs)
    assert first.equals(several)
    first, several = (run.negatives() for run in runs)
    assert first.equals(several)


def test_a_second_process_mines_on_passages_too(problem, tmp_path):
    write_problem(tmp_path, problem)
    again = read_problem(tmp_path)
    assert again.n_docs == problem.n_docs
    assert again.tokens.docs.passages.starts.tolist() == problem.tokens.docs.passages.starts.tolist()


def test_what_is_measured_of_a_run_speaks_of_best_passages(store, settings):
    """Snapshots, probes and what-ifs, against the saved model and loops over passages."""
    record = {"probe_every": 4, "snapshot_every": 4}
    config = settings(recipe="ance", steps=4, encoder=SEVERAL, record=record)
    (run,) = train_runs([config], store)
    problem = load_problem(config)
    labels, passages = problem.labels, problem.tokens.docs.passages
    model, _ = load_model(run.folder / "model")
    vectors = encode_corpus(model, problem.tokens.docs)
    queries = encode_corpus(model, problem.tokens.queries, labels.queries, "query")
    table = model.scale * best_of(queries @ vectors.T, passages)

    arrays = run.snapshot(4)
    assert len(arrays["documents"]) == problem.n_docs
    space = Space.of(4, arrays, model.scale, problem.n_docs)
    np.testing.assert_allclose(space.scores, table, atol=0.05)  # vectors of a snapshot are float16
    some = np.array([0, 5, 7]), np.array([3, 9, 20])
    np.testing.assert_allclose(space.score(labels.queries[some[0]], some[1]), table[some], atol=0.05)

    for row in probes.read(run.folder, 4).itertuples():
        query = int(np.flatnonzero(labels.queries == row.query)[0])
        assert row.score == pytest.approx(table[query, row.document], abs=1e-3)
        assert row.positive_score == pytest.approx(table[query, row.positive], abs=1e-3)
        table_without = np.delete(table[query], labels.of(query))
        assert row.rank == (table_without > table[query, row.document] + 1e-5).sum()

    known = load_situation(run, 0, labels, problem.dataset.hidden, problem.n_docs)
    assert known.gradient is None
    with pytest.raises(ConfigError, match=r"variance: run .* up to 4 passages a document.*max_passages 1"):
        variance_of_run(run, None, "ance", 4)
