"""Losses against numbers a hand can check, slow double loops and autograd."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ance_core.objectives import PairwiseNLL, Scores, SoftmaxNLL, output_gradient_norm

OBJECTIVES = [PairwiseNLL(), SoftmaxNLL()]
POSITIVE = torch.tensor([2.0, 0.0])
NEGATIVE = torch.tensor([[1.0, 2.0], [3.0, -7.0]])
MASK = torch.tensor([[True, True], [True, False]])


def test_pairwise_by_hand():
    loss = PairwiseNLL()(Scores(POSITIVE, NEGATIVE, MASK))
    softplus = [math.log1p(math.exp(x)) for x in (-1.0, 0.0, 3.0)]
    assert float(loss.value) == pytest.approx(sum(softplus) / 3)
    assert loss.pairs.tolist() == [pytest.approx(softplus[:2]), pytest.approx([softplus[2], 0.0])]
    assert loss.weights[0, 1] == pytest.approx(0.5)  # sigma(0)
    assert loss.weights[1, 1] == 0


def test_softmax_by_hand():
    loss = SoftmaxNLL()(Scores(POSITIVE, NEGATIVE, MASK))
    first = math.log(math.e**2 + math.e**1 + math.e**2) - 2
    second = math.log(1 + math.e**3)
    assert float(loss.value) == pytest.approx((first + second) / 2)
    assert loss.pairs.tolist() == [pytest.approx([first, first]), pytest.approx([second, 0.0])]
    assert loss.weights[1].tolist() == pytest.approx([math.e**3 / (1 + math.e**3), 0.0])


def test_one_negative_makes_both_the_same():
    positive, negative = torch.randn(5), torch.randn(5, 1)
    mask = torch.ones(5, 1, dtype=torch.bool)
    assert float(PairwiseNLL()(Scores(positive, negative, mask)).value) == pytest.approx(
        float(SoftmaxNLL()(Scores(positive, negative, mask)).value), abs=1e-6
    )


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: o.name)
def test_weights_are_the_gradient_of_each_querys_own_loss(objective):
    torch.manual_seed(0)
    positive, negative = torch.randn(4), torch.randn(4, 3, requires_grad=True)
    mask = torch.rand(4, 3) > 0.2
    loss = objective(Scores(positive, negative, mask))
    for q in range(4):
        leaf = negative[q : q + 1].detach().requires_grad_()
        alone = objective(Scores(positive[q : q + 1], leaf, mask[q : q + 1]))
        count = (
            max(int(mask[q].sum()), 1) if objective.name == "pairwise-nll" else 1
        )  # it averages over pairs
        (gradient,) = torch.autograd.grad(alone.value * count, leaf)
        torch.testing.assert_close(loss.weights[q], gradient[0])


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: o.name)
@pytest.mark.parametrize("gap", [1e-6, 50.0, 1e6])
def test_extreme_scores_stay_finite(objective, gap):
    positive = torch.tensor([0.0], requires_grad=True)
    negative = torch.tensor([[gap, -gap]], requires_grad=True)
    loss = objective(Scores(positive, negative, torch.tensor([[True, True]])))
    loss.value.backward()
    assert torch.isfinite(loss.value)
    assert torch.isfinite(negative.grad).all()


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: o.name)
def test_a_query_without_negatives_neither_counts_nor_breaks(objective):
    positive = torch.tensor([1.0, 1.0], requires_grad=True)
    negative = torch.tensor([[0.0], [0.0]], requires_grad=True)
    loss = objective(Scores(positive, negative, torch.tensor([[True], [False]])))
    loss.value.backward()
    assert float(negative.grad[1]) == 0
    assert torch.isfinite(positive.grad).all()


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**31), dim=st.integers(1, 9), scale=st.floats(0.01, 30))
def test_closed_form_output_gradient_equals_autograd(seed, dim, scale):
    """For one (q, d+, d-) with 2-way NLL: the norm over all three embeddings."""
    generator = torch.Generator().manual_seed(seed)
    q, dp, dn = (
        torch.randn(dim, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(3)
    )
    loss = torch.nn.functional.softplus(scale * (q @ dn - q @ dp))
    gradients = torch.autograd.grad(loss, (q, dp, dn))
    expected = torch.cat(gradients).norm()
    weight = torch.sigmoid(scale * (q @ dn - q @ dp)).detach()
    rows = [x.detach()[None, :] for x in (q, dp, dn)]
    norm = output_gradient_norm(weight.view(1), *rows, scale)
    frozen = output_gradient_norm(weight.view(1), *rows, scale, query_only=True)
    assert float(frozen) == pytest.approx(float(gradients[0].norm()), rel=1e-8, abs=1e-12)
    # torch's softplus is linear above 20, where the logistic is still 2e-9 short of 1
    assert float(norm.detach()) == pytest.approx(float(expected), rel=1e-8, abs=1e-12)
