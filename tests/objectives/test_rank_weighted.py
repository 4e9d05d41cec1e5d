"""ADORE's loss by hand, against the authors' double sum, and where that one fails."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ance_core.objectives import RankWeighted, Scores


def rows_of(list_scores, positive_ranks, cut=200):
    """One query: the scores of its ranked list, and which ranks (0-based) hold positives, as the loss's rows."""
    k, p = len(list_scores), len(positive_ranks)
    s = torch.tensor(list_scores, dtype=torch.float64)
    positive = s[list(positive_ranks)]
    mask = torch.ones(p, k, dtype=torch.bool)
    mask[:, list(positive_ranks)] = False
    scores = Scores(
        positive,
        s.expand(p, k),
        mask,
        ranks=torch.arange(k).expand(p, k),
        positive_ranks=torch.tensor(list(positive_ranks)),
        row_weight=torch.full((p,), 1 / p, dtype=torch.float64),
    )
    return RankWeighted(cut)(scores)


def double_loop(list_scores, positive_ranks, cut=200):
    """mean over i, j of |1/r_i - 1/r_j| softplus(s_j - s_i), written out."""
    inverse = [1 / (r + 1) if r < cut else 0.0 for r in range(len(list_scores))]
    terms = [
        abs(inverse[i] - inverse[j]) * math.log1p(math.exp(list_scores[j] - list_scores[i]))
        for i in positive_ranks
        for j in range(len(list_scores))
        if j not in positive_ranks
    ]
    return sum(terms) / len(terms)


def published_sum(list_scores, positive_ranks, cut=200):
    """The form of the authors' code: a sum over all ordered pairs, divided by 2 #positives #negatives."""
    s, k = np.array(list_scores), len(list_scores)
    label = np.isin(np.arange(k), positive_ranks).astype(float)
    difference = s[:, None] - s[None, :]
    sign = label[:, None] - label[None, :]
    up, down = (sign > 0).astype(float), (sign < 0).astype(float)
    cost = up * np.log1p(np.exp(-difference)) + down * np.log1p(np.exp(difference))
    inverse = 1 / np.arange(1, k + 1)
    inverse[cut:] = 0
    weights = np.abs(inverse[:, None] - inverse[None, :])
    return (cost * weights).sum() / (2 * label.sum() * (k - label.sum()))


def test_by_hand():
    """Positive at rank 2 of three: weights |1/2 - 1| and |1/2 - 1/3|."""
    loss = rows_of([2.0, 1.0, 0.0], [1])
    expected = (0.5 * math.log1p(math.e) + (1 / 6) * math.log1p(math.exp(-1))) / 2
    assert float(loss.value) == pytest.approx(expected)


@settings(max_examples=60)
@given(data=st.data(), k=st.integers(2, 12))
def test_equals_the_double_loop_and_the_published_sum(data, k):
    scores = data.draw(st.lists(st.floats(-20, 20), min_size=k, max_size=k))
    positives = sorted(data.draw(st.sets(st.integers(0, k - 1), min_size=1, max_size=k - 1)))
    cut = data.draw(st.integers(1, k + 2))
    value = float(rows_of(scores, positives, cut).value)
    assert value == pytest.approx(double_loop(scores, positives, cut), rel=1e-7, abs=1e-12)
    assert value == pytest.approx(published_sum(scores, positives, cut), rel=1e-7, abs=1e-12)


def test_a_gap_beyond_float32s_exponent_stays_finite():
    assert float(rows_of([1000.0, -1000.0], [1]).value) == pytest.approx(0.5 * 2000)


def test_weights_are_the_gradient():
    positive = torch.tensor([0.3, -0.2], dtype=torch.float64)
    negative = torch.randn(
        2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    ).requires_grad_()
    scores = Scores(
        positive,
        negative,
        torch.ones(2, 5, dtype=torch.bool),
        ranks=torch.arange(5).expand(2, 5),
        positive_ranks=torch.tensor([2, 7]),
        row_weight=torch.ones(2, dtype=torch.float64),
    )
    loss = RankWeighted()(scores)
    (gradient,) = torch.autograd.grad(loss.value * 2, negative)  # the loss is the mean over two queries
    torch.testing.assert_close(loss.weights, gradient)
