"""The fast norms against a backward pass an instance, for every encoder and objective."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from ance_core.data.passages import Passages
from ance_core.encoders import DualEncoder, TokenBatch
from ance_core.errors import ConfigError
from ance_core.objectives import PairwiseNLL, RankWeighted, Scores, SoftmaxNLL, StarLoss
from ance_core.probes.gradients import Instances, instance_norms, instance_norms_by_loop
from ance_core.probes.gradients.norms import encode

from .conftest import assert_same, draw_instances

ENCODERS = [
    ("static", {}),
    ("static", {"towers": "untied", "similarity": "cosine"}),
    ("mini", {"pooling": "cls"}),
    ("mini", {"towers": "untied", "precision": "bf16"}),
    ("hf", {}),
    ("hf", {"similarity": "cosine"}),
    ("roberta", {}),
]


@pytest.mark.parametrize(("kind", "changes"), ENCODERS)
def test_every_encoder(encoder, kind, changes):
    model, tokens = encoder(kind, **changes)
    instances = draw_instances(9, 2, empty=True)
    assert_same(instance_norms(model, tokens, instances), instance_norms_by_loop(model, tokens, instances))


@settings(max_examples=20)
@given(
    m=st.integers(1, 9), n=st.integers(1, 5), seed=st.integers(0, 99), kind=st.sampled_from(["static", "mini"]),
    dual=st.booleans(), softmax=st.booleans(),
)  # fmt: skip
def test_every_shape(built, m, n, seed, kind, dual, softmax):
    model, tokens = built(kind)
    instances = draw_instances(m, n, seed, empty=True, dual=dual)
    if not (instances.negatives >= 0).any():
        return
    objective = SoftmaxNLL() if softmax else PairwiseNLL()
    fast = instance_norms(model, tokens, instances, objective)
    assert_same(fast, instance_norms_by_loop(model, tokens, instances, objective))


@pytest.mark.parametrize("kind", ["static", "mini"])
def test_of_several_passages_the_best_counts(encoder, kind):
    """Against autograd through the maximum itself. The corpus's 120 texts stand for 60 documents of two passages."""
    model, tokens = encoder(kind)
    passages = Passages(np.arange(0, 121, 2))
    tokens = dataclasses.replace(tokens, docs=dataclasses.replace(tokens.docs, passages=passages))
    rng = np.random.default_rng(0)
    positives = rng.integers(0, 60, 8)
    negatives = (positives[:, None] + rng.integers(1, 60, (8, 2))) % 60
    negatives[3, 1] = -1
    instances = Instances(rng.integers(0, 30, 8), positives, negatives)
    totals, scores = [], []
    for i in range(8):
        docs = [positives[i], *(d for d in negatives[i] if d >= 0)]
        query = model.encode_queries(TokenBatch.of(tokens.queries, instances.anchors[i : i + 1]))[0]
        best = torch.stack(
            [
                (
                    model.encode_documents(TokenBatch.of(tokens.docs, np.array([2 * d, 2 * d + 1]))) @ query
                ).max()
                for d in docs
            ]
        )
        best = model.scale * best
        value = torch.nn.functional.softplus(best[1:] - best[0]).sum()
        gradients = torch.autograd.grad(value, list(model.parameters()), allow_unused=True)
        totals.append(sum(float(g.double().square().sum()) for g in gradients if g is not None) ** 0.5)
        scores.append(float(best[0].detach()))
    for measure in (instance_norms, instance_norms_by_loop):
        found = measure(model, tokens, instances)
        np.testing.assert_allclose(found.total, totals, rtol=1e-3)
        np.testing.assert_allclose(found.positive_score, scores, rtol=1e-4, atol=1e-5)
    with pytest.raises(ConfigError, match=r"probe: documents as anchors .* encoder\.max_passages 1"):
        instance_norms(
            model, tokens, Instances(positives[:2], np.array([0, 1]), np.array([[2], [3]]), dual=True)
        )


def by_the_loss_itself(model, tokens, instances, objective, **extra):
    """(m,) norms from `objective(...).value` of each instance alone: knows nothing of weights and cotangents."""
    totals = []
    for i in range(len(instances)):
        one = instances.part(slice(i, i + 1))
        anchors, others, mask = encode(model, tokens, one)
        scores = model.scale * torch.einsum("md,mkd->mk", anchors, others)
        value = objective(
            Scores(scores[:, 0], scores[:, 1:], mask, **{k: v[i : i + 1] for k, v in extra.items()})
        ).value
        if isinstance(objective, PairwiseNLL):
            value = value * mask.sum()  # an instance is the sum of its pairs, the objective their mean
        gradients = torch.autograd.grad(value, list(model.parameters()), allow_unused=True)
        totals.append(sum(float(g.double().square().sum()) for g in gradients if g is not None) ** 0.5)
    return np.array(totals)


@pytest.mark.parametrize("objective", [PairwiseNLL(), SoftmaxNLL()])
def test_the_norm_is_that_of_the_loss(encoder, objective):
    model, tokens = encoder("static")
    instances = draw_instances(7, 3)
    fast = instance_norms(model, tokens, instances, objective)
    np.testing.assert_allclose(fast.total, by_the_loss_itself(model, tokens, instances, objective), rtol=1e-4)


@pytest.mark.parametrize("objective", [StarLoss(0.4, 1), RankWeighted(5)])
def test_losses_that_read_more_bring_their_weights(encoder, objective):
    model, tokens = encoder("static")
    m, n = 6, 4
    plain = draw_instances(m, n)
    extra = {
        "sources": torch.randint(0, 2, (m, n), generator=torch.Generator().manual_seed(0)).to(torch.uint8),
        "ranks": torch.arange(n).expand(m, n),
        "positive_ranks": torch.arange(m),
        "row_weight": torch.ones(m),
    }
    anchors, others, mask = encode(model, tokens, plain)
    scores = (model.scale * torch.einsum("md,mkd->mk", anchors, others)).detach()
    weights = objective(Scores(scores[:, 0], scores[:, 1:], mask, **extra)).weights.numpy()
    instances = Instances(plain.anchors, plain.positives, plain.negatives, weights)
    expected = by_the_loss_itself(model, tokens, instances, objective, **extra)
    np.testing.assert_allclose(instance_norms(model, tokens, instances).total, expected, rtol=1e-4)


def test_pairs_of_a_softmax_add_up_to_the_query(encoder):
    """In-batch: the pair (q, d+, d_j) pulls with its share of the row; the sum of all pairs is the row."""
    model, tokens = encoder("static")
    rows = draw_instances(1, 4)
    whole = instance_norms(model, tokens, rows, SoftmaxNLL())
    n = rows.negatives.shape[1]
    pairs = Instances(
        np.repeat(rows.anchors, n), np.repeat(rows.positives, n), rows.negatives.T, whole.weights.T.copy()
    )
    parts = instance_norms(model, tokens, pairs)

    def gradient(instances, weights):
        anchors, others, _ = encode(model, tokens, instances)
        scores = model.scale * torch.einsum("md,mkd->mk", anchors, others)
        loss = (torch.from_numpy(weights).float() * (scores[:, 1:] - scores[:, :1])).sum()
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))])

    each = [gradient(pairs.part(slice(i, i + 1)), whole.weights[:, i : i + 1]) for i in range(n)]
    np.testing.assert_allclose(parts.total, [float(g.norm()) for g in each], rtol=1e-4)
    assert float(sum(each).norm()) == pytest.approx(whole.total[0], rel=1e-4)


def test_output_norm_is_the_closed_form(encoder):
    model, tokens = encoder("static")
    instances = draw_instances(5, 1)
    found = instance_norms(model, tokens, instances)
    q, others, _ = (x.detach() for x in encode(model, tokens, instances))
    delta = found.positive_score - found.negative_score[:, 0]
    width = (others[:, 0] - others[:, 1]).square().sum(1) + 2 * q.square().sum(1)
    expected = model.scale / (1 + np.exp(delta)) * width.sqrt().numpy()
    np.testing.assert_allclose(found.output, expected, rtol=1e-4)


def test_a_frozen_tower_counts_zero_and_is_said(encoder):
    model, tokens = encoder("static", towers="untied")
    model.document_tower.requires_grad_(False)
    instances = draw_instances(6, 1)
    found = instance_norms(model, tokens, instances)
    assert_same(found, instance_norms_by_loop(model, tokens, instances))
    assert all((v == 0).all() for name, v in found.parameters.items() if name.startswith("document_tower"))
    assert "frozen" in found.notes[0]


def test_it_leaves_no_trace(encoder):
    model, tokens = encoder("mini", towers="untied")
    model.train()
    model.document_tower.requires_grad_(False)
    before = [(p.requires_grad, p.detach().clone()) for p in model.parameters()]
    instance_norms(model, tokens, draw_instances(4, 1))
    assert model.training
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    for parameter, (wanted, value) in zip(model.parameters(), before, strict=True):
        assert parameter.requires_grad == wanted
        assert parameter.grad is None
        assert torch.equal(parameter, value)


def test_no_tensor_of_instances_by_vocabulary(encoder):
    """Nothing of the size of a gradient for each instance is ever made, for the large table least of all."""
    model, tokens = encoder("static", width=64, dim=64)
    largest = 0

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            nonlocal largest
            out = function(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor):
                largest = max(largest, out.numel())
            return out

    instances = draw_instances(64, 1)
    with Watch():
        instance_norms(model, tokens, instances)
    used = sum(len(tokens.docs.ragged(rows)[0]) for rows in (instances.positives, instances.negatives[:, 0]))
    assert 0 < largest <= 64 * 64 * 128 + used * 64  # the MLP's own (64, 128) gradients, and the tokens
    assert largest < 64 * tokens.vocab_size * 64 / 2


class Strange(nn.Module):
    """A tower with a layer nobody has a rule for."""

    ragged = True

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(300, 16)
        self.odd = nn.Bilinear(16, 16, 16)

    def forward(self, batch: TokenBatch):
        ids, _ = batch.padded(0)
        x = self.table(ids).mean(1)
        return self.odd(x, x)

    def bands(self):
        return {"embeddings": [self.table.weight], "head": list(self.odd.parameters())}


def test_an_unknown_layer_is_refused_by_name_and_measured_by_the_loop(encoder):
    known, tokens = encoder("static")
    tower = Strange()
    model = DualEncoder(known.config, tower, tower)
    with pytest.raises(
        ConfigError, match=r"no rule for layer 'query_tower\.odd' of type Bilinear; known are .*--slow"
    ):
        instance_norms(model, tokens, draw_instances(3, 1))
    assert (instance_norms_by_loop(model, tokens, draw_instances(3, 1)).total > 0).all()


def test_a_layer_that_mixes_texts_is_refused(encoder):
    class Mixing(Strange):
        def __init__(self):
            super().__init__()
            self.odd = nn.Linear(16, 16)

        def forward(self, batch):
            ids, _ = batch.padded(0)
            return self.table(ids).mean(1) + self.odd(self.table.weight.mean(0, keepdim=True))

    known, tokens = encoder("static")
    tower = Mixing()
    with pytest.raises(
        ConfigError, match=r"layer 'query_tower\.odd' \(Linear\) does not give one row a text"
    ):
        instance_norms(DualEncoder(known.config, tower, tower), tokens, draw_instances(3, 1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"negatives": np.array([[3], [5]])}, r"number 1 has its positive \(row 5\) as a negative"),
        ({"negatives": np.array([[3], [120]])}, "negatives has row 120 of 120"),
        ({"anchors": np.array([0, 30])}, "anchors has row 30 of 30"),
        ({"positives": np.array([4])}, r"positives \(1,\)"),
        ({"weights": np.ones(2)}, r"weights \(2,\) beside negatives \(2, 1\)"),
    ],
)
def test_instances_that_make_no_sense(encoder, change, message):
    model, tokens = encoder("static")
    good = {"anchors": np.array([0, 1]), "positives": np.array([4, 5]), "negatives": np.array([[3], [6]])}
    instance_norms(model, tokens, Instances(**good))
    with pytest.raises(ConfigError, match=message):
        instance_norms(model, tokens, Instances(**(good | change)))


def test_weights_that_are_no_numbers(encoder):
    model, tokens = encoder("static")
    with torch.no_grad():
        model.query_tower.head.projection.weight[0, 0] = float("nan")
    with pytest.raises(
        ConfigError, match=r"'query_tower\.head\.projection\.weight' holds values that are not finite"
    ):
        instance_norms(model, tokens, draw_instances(3, 1))
