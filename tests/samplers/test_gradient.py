"""The oracle: its norms against autograd, its weights against enumeration, its variance against uniform's."""

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import softplus

from ance_core.data import Labels
from ance_core.objectives import PairwiseNLL, Scores
from ance_core.samplers import Draw, GradientNorm, Pool, QueryBatch, TopK
from ance_core.samplers.gradient import log_gradient_norms
from ance_core.samplers.importance import importance_weights


class Small:
    """Three queries, the last with two labels, and a pool that is everything else; vectors in double precision."""

    def __init__(self, seed: int = 0, scale: float = 0.7, dim: int = 5, docs: int = 11):
        rng = np.random.default_rng(seed)
        self.scale = scale
        self.queries, self.docs = rng.normal(size=(3, dim)), rng.normal(size=(docs, dim)) * 1.5
        self.labels = Labels(
            np.arange(3, dtype=np.int32),
            np.array([0, 1, 2, 4]),
            np.array([0, 1, 2, 3], np.int32),
            np.ones(4, np.int16),
        )
        ranked = np.tile(np.arange(4, docs, dtype=np.int32), (3, 1))
        ranked[1, -2:] = -1
        scores = np.where(
            ranked >= 0, scale * np.einsum("qd,qkd->qk", self.queries, self.docs[ranked]), -np.inf
        )
        owner = np.array([0, 1, 2, 2])
        positives = scale * np.einsum("md,md->m", self.queries[owner], self.docs[self.labels.docs])
        sources, steps = np.full(ranked.shape, 4, np.uint8), np.zeros(3, np.int32)
        plain = Pool(ranked, scores, positives, sources, steps)
        weights = log_gradient_norms(self.queries, self.docs, plain, self.labels, scale)
        self.pool = Pool(ranked, scores, positives, sources, steps, weights)

    def batch(self, row: int, label: int) -> QueryBatch:
        return QueryBatch(np.array([row]), np.array([label]), self.labels, len(self.docs))

    def gradient(self, row: int, positive: int, negatives: list[int], importance=None) -> np.ndarray:
        """Of the objective with these negatives, at the embeddings of the query and of every document, flat."""
        q = torch.tensor(self.queries[row], requires_grad=True)
        d = torch.tensor(self.docs, requires_grad=True)
        scores = self.scale * (d @ q)
        weights = None if importance is None else torch.tensor(np.asarray(importance))[None, :]
        loss = PairwiseNLL()(
            Scores(
                scores[positive][None],
                scores[negatives][None, :],
                torch.ones(1, len(negatives), dtype=torch.bool),
                importance=weights,
            )
        ).value
        return np.concatenate([g.flatten().numpy() for g in torch.autograd.grad(loss, (q, d))])

    def candidates(self, row: int) -> list[int]:
        return [int(d) for d in self.pool.docs[row] if d >= 0]


def drawn(docs: list[int], p: np.ndarray) -> Draw:
    """A draw of these documents, with the probabilities of one."""
    return Draw.unranked(np.array([docs]), np.array([[p[d] for d in docs]]), "ann")


@settings(max_examples=20)
@given(seed=st.integers(0, 2**31), scale=st.sampled_from([0.1, 1.0, 6.0]))
def test_norms_are_those_of_autograd(seed, scale):
    small = Small(seed, scale)
    for row, label in ((0, 0), (1, 1)):
        positive = int(small.labels.docs[label])
        expected = [np.linalg.norm(small.gradient(row, positive, [d])) for d in small.candidates(row)]
        got = small.pool.log_weights[row][small.pool.docs[row] >= 0].astype(
            float
        )  # in float32 some would be 0
        np.testing.assert_allclose(np.exp(got), expected, rtol=2e-5)
    assert np.isneginf(small.pool.log_weights[1, -2:]).all()


def test_several_labels_give_the_root_mean_square():
    small = Small()
    norms = [[np.linalg.norm(small.gradient(2, p, [d])) for d in small.candidates(2)] for p in (2, 3)]
    np.testing.assert_allclose(
        np.exp(small.pool.log_weights[2]), np.sqrt(np.square(norms).mean(axis=0)), rtol=2e-5
    )


def test_probability_is_in_proportion_to_the_norm_with_a_floor_if_asked():
    small = Small()
    norms = np.exp(small.pool.log_weights[0].astype(np.float64))
    pools = {"own": small.pool}
    p = GradientNorm("own", 7).probabilities(small.batch(0, 0), pools)[0, 4:]
    np.testing.assert_allclose(p, norms / norms.sum(), rtol=1e-6)
    mixed = GradientNorm("own", 7, floor=0.1).probabilities(small.batch(0, 0), pools)[0, 4:]
    np.testing.assert_allclose(mixed, 0.9 * p + 0.1 / 7, rtol=1e-6)
    short = GradientNorm("own", 7, floor=1 - 1e-12).probabilities(small.batch(1, 1), pools)[0]
    np.testing.assert_allclose(short[small.candidates(1)], 1 / 5)


def test_blocks_do_not_matter(monkeypatch):
    from ance_core.samplers import gradient

    whole = Small().pool.log_weights
    monkeypatch.setattr(gradient, "_CELLS", 1)
    np.testing.assert_array_equal(Small().pool.log_weights, whole)


@pytest.mark.parametrize(
    "sampler", [TopK("own", 7), GradientNorm("own", 7), GradientNorm("own", 7, floor=0.1)]
)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_weighted_gradients_have_the_mean_over_the_pool_as_expectation(sampler, n):
    """Exact: every ordered draw of n without replacement, with its probability."""
    small = Small()
    for row, label in ((0, 0), (1, 1), (2, 3)):
        positive, candidates = int(small.labels.docs[label]), small.candidates(row)
        p = sampler.probabilities(small.batch(row, label), {"own": small.pool})[0]
        truth = np.mean([small.gradient(row, positive, [d]) for d in candidates], axis=0)
        expectation = np.zeros_like(truth)
        for docs in permutations(candidates, n):
            chance, left = 1.0, 1.0
            for d in docs:
                chance, left = chance * p[d] / left, left - p[d]
            weights = importance_weights(drawn(list(docs), p), np.array([len(candidates)]))[0]
            expectation += chance * small.gradient(row, positive, list(docs), weights)
        np.testing.assert_allclose(expectation, truth, atol=1e-6)


def variance(small: Small, p: np.ndarray, row: int = 0, positive: int = 0) -> float:
    """Trace of the variance of 1 / (N p) g under p, by enumeration."""
    candidates = small.candidates(row)
    weighted = [
        small.gradient(row, positive, [d], importance_weights(drawn([d], p), np.array([len(candidates)]))[0])
        for d in candidates
    ]
    mean = sum(p[d] * g for d, g in zip(candidates, weighted, strict=True))
    return float(sum(p[d] * np.square(g - mean).sum() for d, g in zip(candidates, weighted, strict=True)))


@pytest.mark.parametrize("seed", range(5))
def test_the_oracle_has_less_variance_than_anything_near_it(seed):
    """Eq 10: p in proportion to the norm. Its square is no better than uniform, and neighbours are worse."""
    small = Small(seed)
    pools, batch = {"own": small.pool}, small.batch(0, 0)
    best = GradientNorm("own", 7).probabilities(batch, pools)[0]
    uniform = TopK("own", 7).probabilities(batch, pools)[0]
    least = variance(small, best)
    assert least < 0.999 * variance(small, uniform)
    square = best**2 / (best**2).sum()
    assert variance(small, square) == pytest.approx(variance(small, uniform), rel=1e-4)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        other = best * np.exp(0.3 * rng.normal(size=len(best)))
        assert variance(small, other / other.sum()) > least * (1 - 1e-6)


def test_importance_weights_by_hand():
    """Four candidates, p = .5, .25, ...: one draw 1 / (N p); of two, the second sees half the mass."""
    p = np.array([0.5, 0.25, 0.125, 0.125])
    np.testing.assert_allclose(importance_weights(drawn([0], p), np.array([4])), [[0.5]])
    np.testing.assert_allclose(
        importance_weights(drawn([0, 1], p), np.array([4])), [[(1 / 0.5 + 1) / 4, (0.5 / 0.25) / 4]]
    )
    everything = importance_weights(drawn([0, 1, 2, 3], p), np.array([4]))
    assert everything[0, -1] == pytest.approx(0.25)  # whatever is left is certain
    empty = Draw.unranked(np.array([[1, -1]]), np.array([[0.25, 0.0]]), "ann")
    np.testing.assert_allclose(importance_weights(empty, np.array([4])), [[1.0, 0.0]])


def test_pair_loss_is_the_one_the_norms_are_of():
    """The closed form is for pairwise NLL: softplus(s- - s+), nothing scaled."""
    one = PairwiseNLL()(
        Scores(torch.tensor([0.3]), torch.tensor([[1.1]]), torch.ones(1, 1, dtype=torch.bool))
    )
    assert float(one.value) == pytest.approx(float(softplus(torch.tensor(0.8))))
