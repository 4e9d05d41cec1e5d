import json
from itertools import chain

import numpy as np
import pytest
import torch

from ance_core.config import EncoderConfig
from ance_core.data.tokens import TokenizedDataset, Tokens, tokenize, train_wordpiece
from ance_core.encoders import build_encoder, encode_corpus
from ance_core.encoders import init as corpus_init
from ance_core.encoders.init import UNSEEN_LENGTH, corpus_embeddings, idf


def tokens_of(texts: list[list[int]]) -> Tokens:
    return Tokens(np.array(list(chain.from_iterable(texts)), np.int32), np.cumsum([0, *map(len, texts)]))


def test_idf_by_hand():
    np.testing.assert_allclose(idf(np.array([0, 1, 3]), 3), np.log([8, 1 + 2.5 / 1.5, 1 + 0.5 / 3.5]))


def test_lengths_weights_and_unseen_tokens():
    texts = [[1, 2, 2], [1, 3], [4, 5, 1]]
    directions, weights = corpus_embeddings(tokens_of(texts), 8, 4, seed=0)
    assert directions.shape == (8, 4)
    assert directions.dtype == weights.dtype == np.float32
    lengths = np.linalg.norm(directions, axis=1)
    # three documents span three dimensions; every token of theirs lies in them with length 1
    np.testing.assert_allclose(lengths[1:6], 1, rtol=1e-5)
    assert (lengths[[0, 6, 7]] < 4 * UNSEEN_LENGTH).all()
    assert weights[1] < weights[2] < weights[0]
    running = np.concatenate([np.array(t) for t in texts])
    np.testing.assert_allclose(weights[running].mean(), 1, rtol=1e-5)


def test_directions_are_the_singular_vectors():
    """The randomised decomposition against numpy's exact one, up to sign."""
    rng = np.random.default_rng(0)
    texts = [rng.integers(0, 60, rng.integers(5, 30)).tolist() for _ in range(80)]
    counts = corpus_init.term_counts(tokens_of(texts), 60, seed=0)
    matrix = corpus_init._weighted(counts, idf(np.bincount(counts.indices, minlength=60), 80))
    np.testing.assert_allclose(np.linalg.norm(matrix.toarray(), axis=1), 1)
    found = corpus_init._right_singular_vectors(matrix, 8, seed=0)
    exact = np.linalg.svd(matrix.toarray())[2][:8].T
    np.testing.assert_allclose(np.abs((found * exact).sum(0)), 1, atol=0.02)
    assert (found[np.abs(found).argmax(0), np.arange(8)] > 0).all()


def test_more_dimensions_than_documents():
    directions, _ = corpus_embeddings(tokens_of([[1, 2], [3]]), 5, 16, seed=0)
    assert np.isfinite(directions).all()
    assert directions.shape == (5, 16)


def test_same_seed_same_numbers_and_large_corpora_are_sampled(monkeypatch):
    rng = np.random.default_rng(1)
    tokens = tokens_of([rng.integers(0, 30, 12).tolist() for _ in range(50)])
    first, again = (corpus_embeddings(tokens, 30, 6, seed=3) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    monkeypatch.setattr(corpus_init, "MAX_DOCUMENTS", 20)
    assert corpus_init.term_counts(tokens, 30, seed=3).shape == (20, 30)


def reciprocal_rank(model, tokens, relevant) -> float:
    """Mean RR@10; `relevant[i]` is the set of document rows of query i."""
    queries = encode_corpus(model, tokens.queries, side="query")
    scores = queries @ encode_corpus(model, tokens.docs).T
    top = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    ranks = [
        next((k + 1 for k, doc in enumerate(row) if doc in relevant[i]), np.inf) for i, row in enumerate(top)
    ]
    return float(np.mean(1 / np.array(ranks)))


@pytest.mark.parametrize("kind", ["static", "mini"])
def test_untrained_encoder_finds_the_topic(built, corpus, kind):
    topics = np.array(corpus.doc_topics)
    relevant = [set(np.flatnonzero(topics == topic)) for topic in corpus.query_topics]
    ranks = {}
    for init in ("corpus", "random"):
        model, tokens = built(kind, init=init)
        ranks[init] = reciprocal_rank(model, tokens, relevant)
    assert ranks["corpus"] > 0.95
    assert ranks["corpus"] > ranks["random"] + 0.1


@pytest.mark.shared_data
@pytest.mark.parametrize(("kind", "least"), [("static", 0.62), ("mini", 0.60)])
def test_untrained_encoder_on_real_questions(shared_data, kind, least):
    folder = shared_data / "squad-dev"
    docs = [json.loads(line) for line in (folder / "corpus.jsonl").read_text().splitlines()]
    rows = {doc["_id"]: row for row, doc in enumerate(docs)}
    texts = {
        q["_id"]: q["text"] for q in map(json.loads, (folder / "queries.jsonl").read_text().splitlines())
    }
    pairs = [line.split("\t") for line in (folder / "qrels" / "test.tsv").read_text().splitlines()[1:401]]
    passages = [f"{doc['title']}. {doc['text']}" for doc in docs]
    tokenizer = train_wordpiece(passages, 8000)
    special = kind == "mini"
    tokens = TokenizedDataset(
        tokenizer,
        tokenize([texts[query] for query, *_ in pairs], tokenizer, 32, special_tokens=special),
        tokenize(passages, tokenizer, 128, special_tokens=special),
        0,
        tokenizer.get_vocab_size(),
        special,
    )
    model = build_encoder(EncoderConfig(kind=kind), None, tokens, 0)
    assert torch.isfinite(model.document_tower.head.projection.weight).all()
    assert reciprocal_rank(model, tokens, [{rows[doc]} for _, doc, _ in pairs]) > least
