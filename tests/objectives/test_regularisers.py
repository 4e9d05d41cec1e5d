"""Alignment and uniformity by hand and at extremes."""

import math

import pytest
import torch

from ance_core.objectives import align, uniform


def test_by_hand():
    q = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert float(align(q, q)) == 0
    assert float(align(q, -q)) == pytest.approx(4)
    assert float(uniform(q, t=2)) == pytest.approx(-4)  # one pair, squared distance 2
    three = torch.tensor([[0.0], [1.0], [2.0]])
    expected = math.log((2 * math.exp(-1) + math.exp(-4)) / 3)
    assert float(uniform(three, t=1)) == pytest.approx(expected)


def test_far_vectors_do_not_underflow():
    """exp(-5 * 100^2) is zero; its logarithm is not minus infinity here."""
    x = torch.tensor([[0.0], [100.0]], requires_grad=True)
    value = uniform(x, t=5)
    value.backward()
    assert float(value.detach()) == pytest.approx(-50_000)
    assert torch.isfinite(x.grad).all()


def test_collapsed_vectors_are_the_worst():
    assert float(uniform(torch.ones(4, 3))) == pytest.approx(0, abs=1e-6)
