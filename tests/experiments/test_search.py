"""Searching with a run's saved model: the same ranking as searching the embeddings by hand."""

import dataclasses

import numpy as np
import pytest

from ance_core.config import RunConfig
from ance_core.data import load_dataset
from ance_core.data.tokens import tokenized
from ance_core.encoders import build_encoder, encode_corpus, save_model
from ance_core.errors import ConfigError
from ance_core.experiments.search import Searcher, search_run
from ance_core.runs import Store

CONFIG = RunConfig(data="tiny", encoder={"width": 32, "dim": 16, "vocab_size": 500})


@pytest.fixture(scope="module")
def data():
    return load_dataset("tiny")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data):
    """A run whose model is as initialised from the corpus, and that model."""
    store = Store(tmp_path_factory.mktemp("runs"), create=True)
    tokens = tokenized(data, encoder=CONFIG.encoder)
    model = build_encoder(CONFIG.encoder, data, tokens, seed=0).eval()
    info = {"name": data.name, "fingerprint": data.fingerprint}
    with store.create_run("run", CONFIG.model_dump(mode="json"), dataset=info) as writer:
        save_model(model, tokens, writer.folder / "model")
        writer.finish("finished", {})
    return store.run("run"), model, tokens


def test_hits_are_the_best_inner_products(trained, data):
    run, model, tokens = trained
    docs = encode_corpus(model, tokens.docs, None, "document")
    queries = encode_corpus(model, tokens.queries, None, "query")
    searcher = Searcher(run)
    for row in (0, 7, 20):
        scores = model.scale * (docs @ queries[row])
        best = np.argsort(-scores, kind="stable")[:5]
        hits = searcher.search(data.queries[row], k=5)
        assert [hit.id for hit in hits] == [data.doc_ids[i] for i in best]
        assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
        assert [hit.score for hit in hits] == pytest.approx(scores[best].tolist(), abs=1e-4)
        assert hits[0].text == data.docs[best[0]]


def test_hits_of_a_judged_query_carry_their_grades(trained, data):
    run, _, _ = trained
    qrels = data.qrels["test"]
    row = qrels.queries[qrels.grades >= 1][0]
    grades = {
        data.doc_ids[d]: g
        for split in data.qrels.values()
        for q, d, g in zip(split.queries, split.docs, split.grades, strict=True)
        if q == row
    }
    hits = search_run(run, f"  {data.queries[row]} ", k=len(data.docs), dataset=data)
    assert {hit.id: hit.judgement for hit in hits if hit.judgement is not None} == grades
    assert any(g >= 1 for g in grades.values())
    free = search_run(run, "something nobody judged", k=3, dataset=data)
    assert [hit.judgement for hit in free] == [None] * 3


def test_more_asked_than_there_is(trained, data):
    hits = search_run(trained[0], "light", k=10_000, dataset=data)
    assert sorted(hit.id for hit in hits) == sorted(data.doc_ids)


def test_refusals(trained, data, tmp_path):
    run, _, _ = trained
    with pytest.raises(ConfigError, match="text: empty"):
        search_run(run, "  ", dataset=data)
    with pytest.raises(ConfigError, match="k: 0 given"):
        search_run(run, "light", k=0, dataset=data)
    changed = dataclasses.replace(data, fingerprint="0" * 16)
    with pytest.raises(ConfigError, match=f"another content of tiny .*{data.fingerprint}, now 0000"):
        search_run(run, "light", dataset=changed)
    store = Store(tmp_path, create=True)
    store.create_run("young", CONFIG.model_dump(mode="json")).finish("stopped")
    with pytest.raises(ConfigError, match=r"no model to .*, it is stopped"):
        search_run(store.run("young"), "light", dataset=data)
