"""STAR's two losses: pooled over all pairs of the batch as in the authors' code, and in two kinds as in the paper."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ance_core.objectives import PairwiseNLL, Scores, StarLoss
from ance_core.samplers import SOURCES, QueryBatch, Weighted, WholeBatch

from ..samplers.cases import LABELS, N_DOCS, POOLS

IN_BATCH, STATIC = SOURCES.index("in-batch"), SOURCES.index("static")
POSITIVE = torch.tensor([2.0, 0.0])
NEGATIVE = torch.tensor([[1.0, 2.0, 5.0], [3.0, -7.0, 1.0]])
MASK = torch.tensor([[True, True, True], [True, True, False]])
KINDS = torch.tensor([[IN_BATCH, STATIC, IN_BATCH]] * 2, dtype=torch.uint8)


def softplus(x: float) -> float:
    return math.log1p(math.exp(-abs(x))) + max(x, 0.0)


def test_by_hand():
    loss = StarLoss(0.25, IN_BATCH)(Scores(POSITIVE, NEGATIVE, MASK, sources=KINDS))
    random = (softplus(-1) + softplus(3) + softplus(3)) / 3
    hard = (softplus(0) + softplus(-7)) / 2
    assert float(loss.value) == pytest.approx(0.25 * random + hard)
    assert loss.pairs[0].tolist() == pytest.approx([softplus(-1), softplus(0), softplus(3)])
    assert loss.pairs[1, 2] == 0
    assert loss.weights[0, 1] == pytest.approx(0.5)  # sigma(0), its query's only hard pair
    assert loss.weights[0, 0] == pytest.approx(0.25 / 2 / (1 + math.e))


def test_alpha_zero_is_the_hard_loss_alone():
    scores = Scores(POSITIVE, NEGATIVE, MASK, sources=KINDS)
    hard = Scores(POSITIVE, NEGATIVE, MASK & (KINDS == STATIC))
    assert float(StarLoss(0.0, IN_BATCH)(scores).value) == pytest.approx(float(PairwiseNLL()(hard).value))


def test_weights_are_the_gradient_of_each_querys_own_loss():
    torch.manual_seed(0)
    positive, negative = torch.randn(4), torch.randn(4, 6)
    mask, kinds = torch.rand(4, 6) > 0.2, torch.where(torch.rand(4, 6) > 0.4, IN_BATCH, STATIC)
    loss = StarLoss(0.7, IN_BATCH)(Scores(positive, negative, mask, sources=kinds))
    for q in range(4):
        leaf = negative[q : q + 1].clone().requires_grad_()
        alone = StarLoss(0.7, IN_BATCH)(
            Scores(positive[q : q + 1], leaf, mask[q : q + 1], sources=kinds[q : q + 1])
        )
        (gradient,) = torch.autograd.grad(alone.value, leaf)
        torch.testing.assert_close(loss.weights[q], gradient[0])


@pytest.mark.parametrize("gap", [1e-6, 50.0, 1e6])
def test_extreme_scores_and_empty_kinds_stay_finite(gap):
    for kinds in ([[IN_BATCH, STATIC]], [[IN_BATCH, IN_BATCH]], [[STATIC, STATIC]]):
        negative = torch.tensor([[gap, -gap]], requires_grad=True)
        sources = torch.tensor(kinds, dtype=torch.uint8)
        for mask in ([[True, True]], [[False, False]]):
            loss = StarLoss(1.0, IN_BATCH)(
                Scores(torch.zeros(1), negative, torch.tensor(mask), sources=sources)
            )
            loss.value.backward()
            assert torch.isfinite(loss.value)
            assert torch.isfinite(negative.grad).all()


@given(rows=st.permutations(range(12)), size=st.integers(2, 12), seed=st.integers(0, 999))
def test_pooled_loss_is_that_of_the_authors_code(rows, size, seed):
    """The sums over B x B matrices, with the masks of ids, against the mean over the sampler's slots."""
    rng = np.random.default_rng(seed)
    rows = np.asarray(rows[:size])
    label = np.array([rng.integers(LABELS.indptr[r], LABELS.indptr[r + 1]) for r in rows])
    batch = QueryBatch(rows, label, LABELS, N_DOCS)
    sampler = WholeBatch(Weighted("own", 12))
    drawn = sampler.draw(batch, POOLS, 1, rng.random((size, 12)))
    hard = drawn.docs[:, size - 1]  # one hard document a query
    table = rng.normal(scale=4, size=(size, N_DOCS))  # s(q, d)

    sums, counts = [0.0, 0.0], [0, 0]
    for i in range(size):
        judged = set(LABELS.of(rows[i]).tolist())
        mine = table[i, batch.positives[i]]
        for j in range(size):
            for kind, doc in ((0, batch.positives[j]), (1, hard[j])):
                if doc not in judged:
                    sums[kind] += softplus(table[i, doc] - mine)
                    counts[kind] += 1
    masked_positives = sum(
        batch.positives[j] in LABELS.of(rows[i]) for i in range(size) for j in range(size) if i != j
    )
    masked_hard = sum(hard[j] in LABELS.of(rows[i]) for i in range(size) for j in range(size))
    assert counts == [size * (size - 1) - masked_positives, size * size - masked_hard]

    mask = torch.from_numpy(drawn.docs >= 0)
    assert int(mask[:, : size - 1].sum()) == counts[0]
    assert int(mask[:, size - 1 :].sum()) == counts[1]
    negative = np.take_along_axis(table, np.maximum(drawn.docs, 0).astype(np.int64), axis=1)
    scores = Scores(
        torch.from_numpy(table[np.arange(size), batch.positives]), torch.from_numpy(negative), mask
    )
    assert float(PairwiseNLL()(scores).value) == pytest.approx(sum(sums) / sum(counts))
