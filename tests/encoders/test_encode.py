import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ance_core.encoders import TokenBatch, encode_corpus
from ance_core.encoders import encode as encode_module
from ance_core.encoders.encode import batches_by_length


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 120))
def test_batches_cover_everything_within_the_budget(lengths, budget):
    lengths = np.array(lengths, dtype=np.int64)
    parts = list(batches_by_length(lengths, budget))
    assert sorted(np.concatenate(parts).tolist() if parts else []) == list(range(len(lengths)))
    for part in parts:
        assert len(part) == 1 or len(part) * max(lengths[part].max(), 1) <= budget
    longest = [lengths[part].max() for part in parts]
    assert longest == sorted(longest, reverse=True)


@pytest.mark.parametrize("kind", ["static", "mini"])
@pytest.mark.parametrize("side", ["query", "document"])
def test_order_equals_a_slow_loop(built, monkeypatch, kind, side):
    model, tokens = built(kind, towers="untied")
    monkeypatch.setitem(encode_module.TOKENS_PER_BATCH, kind, 100)  # several batches
    with torch.no_grad():
        model.query_tower.head.projection.weight.mul_(2)
        model.query_tower.head.norm.bias.add_(1)
    store = tokens.queries if side == "query" else tokens.docs
    rows = np.random.default_rng(0).integers(0, len(store), 40)  # repeated, in no order
    encode = model.encode_queries if side == "query" else model.encode_documents
    with torch.no_grad():
        expected = torch.cat([encode(TokenBatch.of(store, rows[i : i + 1])) for i in range(len(rows))])
    found = encode_corpus(model, store, rows, side)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), atol=2e-5)


def test_all_texts_by_default_and_none_at_all(built):
    model, tokens = built("static")
    assert encode_corpus(model, tokens.docs).shape == (len(tokens.docs), 16)
    assert encode_corpus(model, tokens.docs, np.array([], dtype=np.int64)).shape == (0, 16)


def test_leaves_the_model_as_it_was(built):
    model, tokens = built("mini", dropout=0.5)
    model.train()
    first = encode_corpus(model, tokens.docs)
    assert model.training
    assert np.array_equal(first, encode_corpus(model, tokens.docs))  # dropout was off
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_autocast_only_where_the_settings_say(built):
    model, tokens = built("mini", precision="bf16")
    plain, rounded = (encode_corpus(model, tokens.docs, autocast=on) for on in (False, True))
    assert not np.array_equal(plain, rounded)
    assert np.abs(plain - rounded).max() < 0.2
    exact, _ = built("mini", precision="fp32")
    assert np.array_equal(encode_corpus(exact, tokens.docs, autocast=True), encode_corpus(exact, tokens.docs))
