import numpy as np
import pytest
import torch

from ance_core.config import EncoderConfig
from ance_core.encoders import TokenBatch, build_encoder, resolve_precision
from ance_core.encoders import precision as precision_module
from ance_core.encoders.layers import BAND_NAMES

KINDS = ["static", "mini", "hf"]


def both_sides(model, tokens):
    return (
        model.encode_queries(TokenBatch.of(tokens.queries, np.arange(6))),
        model.encode_documents(TokenBatch.of(tokens.docs, np.arange(9))),
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("similarity", ["dot", "cosine"])
@pytest.mark.parametrize("dim", [16, 10])
def test_shapes_and_lengths(built, kind, similarity, dim):
    model, tokens = built(kind, similarity=similarity, dim=dim)
    queries, documents = both_sides(model, tokens)
    assert queries.shape == (6, dim)
    assert documents.shape == (9, dim)
    assert queries.dtype == documents.dtype == torch.float32
    if similarity == "cosine":
        torch.testing.assert_close(documents.norm(dim=1), torch.ones(9))
        assert model.scale == pytest.approx(20)
    else:
        assert model.scale == pytest.approx(dim**-0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_weights_and_the_global_generator_untouched(make, kind):
    config, tokens = make(kind)
    states = []
    for noise in (1, 2):
        torch.manual_seed(noise)
        np.random.seed(noise)  # noqa: NPY002  (that build_encoder ignores the global seed is the point)
        before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        states.append(build_encoder(config, None, tokens, seed=7).state_dict())
        assert torch.equal(torch.random.get_rng_state(), before[0])
        assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    other = build_encoder(config, None, tokens, seed=8).state_dict()
    assert any(not torch.equal(states[0][key], other[key]) for key in other)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("towers", ["shared", "untied"])
def test_every_parameter_in_one_band_and_reached_by_the_gradient(built, kind, towers):
    model, tokens = built(kind, towers=towers, init="random")
    bands = model.bands()
    assert list(bands) == [name for name in BAND_NAMES if name in bands]
    assert {"embeddings", "top", "head"} <= set(bands)
    banded = [id(p) for parameters in bands.values() for p in parameters]
    assert len(banded) == len(set(banded))
    assert set(banded) == {id(p) for p in model.parameters()}
    with torch.no_grad():  # the MLP starts as a no-op that stops gradients: move it off
        for p in model.parameters():
            p.add_(0.01 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())))
    queries, documents = both_sides(model, tokens)
    ((queries @ documents.T).softmax(dim=1)[:, 0]).sum().backward()
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # a key's bias shifts all logits of a query alike: its true gradient is zero, and rounding may hide that
    assert [name for name in still if not name.endswith("key.bias")] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("towers", ["shared", "untied"])
def test_one_call_for_both_sides_equals_two(built, kind, towers):
    model, tokens = built(kind, towers=towers, similarity="cosine")
    queries = TokenBatch.of(tokens.queries, np.arange(5))
    documents = TokenBatch.of(tokens.docs, np.arange(8))
    together = model(queries, documents)
    torch.testing.assert_close(together[0], model.encode_queries(queries))
    torch.testing.assert_close(together[1], model.encode_documents(documents))


def test_untied_towers_start_equal_and_part(built):
    model, _ = built("static", towers="untied")
    assert model.untied
    one, other = model.query_tower.state_dict(), model.document_tower.state_dict()
    assert all(torch.equal(one[key], other[key]) for key in one)
    with torch.no_grad():
        model.query_tower.head.norm.weight.mul_(2)
    assert not torch.equal(model.query_tower.head.norm.weight, model.document_tower.head.norm.weight)


def test_layers_of_a_deep_backbone_reach_all_bands(built):
    assert set(built("hf")[0].bands()) == set(BAND_NAMES)
    assert set(built("mini", layers=2)[0].bands()) == {"embeddings", "bottom", "top", "head"}
    assert set(built("mini", layers=1)[0].bands()) == {"embeddings", "top", "head"}


def test_precision(monkeypatch):
    resolve = lambda **settings: resolve_precision(EncoderConfig(**settings))  # noqa: E731
    for native in (True, False):
        monkeypatch.setattr(precision_module, "has_native_bf16", lambda native=native: native)
        assert resolve(kind="mini") == (torch.bfloat16 if native else None)
        assert resolve(kind="static") is None
        assert resolve(kind="static", precision="bf16") == torch.bfloat16
        assert resolve(kind="mini", precision="bf16") == torch.bfloat16
        assert resolve(kind="mini", precision="fp32") is None
