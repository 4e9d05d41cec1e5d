"""The pieces of drawing, against slow and obvious versions."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ance_core.rng import generator, keyed_uniforms
from ance_core.samplers.ranked import gumbel_top, log_softmax
from ance_core.samplers.uniform import distinct_indices, skip_excluded


@given(st.sets(st.integers(0, 30), max_size=10), st.integers(0, 60))
def test_skipping_equals_counting_through(excluded, index):
    allowed = [x for x in range(200) if x not in excluded]
    padded = np.array([sorted(excluded) + [10**6] * 2])
    assert skip_excluded(np.array([[index]]), padded)[0, 0] == allowed[index]


def test_distinct_indices_are_equally_likely_ordered_choices():
    u = np.random.default_rng(0).random((60_000, 3))
    picks = distinct_indices(np.full(60_000, 4), u)
    counts = dict.fromkeys(permutations(range(4), 3), 0)
    for row in picks.tolist():
        counts[tuple(row)] += 1  # a repeat would be no key
    expected = 60_000 / 24
    assert sum((c - expected) ** 2 / expected for c in counts.values()) < 52.6  # chi-square, 23 df, p > 4e-4


def test_gumbel_top_follows_sequential_draws_without_replacement():
    """Plackett-Luce: P(first a, then b) = p_a * p_b / (1 - p_a)."""
    p = np.array([0.5, 0.3, 0.2])
    u = np.random.default_rng(1).random((100_000, 3))
    pairs = gumbel_top(np.tile(np.log(p), (100_000, 1)), u, 2)
    for a, b in permutations(range(3), 2):
        share = ((pairs[:, 0] == a) & (pairs[:, 1] == b)).mean()
        assert share == pytest.approx(p[a] * p[b] / (1 - p[a]), abs=0.006)


def test_log_softmax_by_hand_and_at_extremes():
    np.testing.assert_allclose(np.exp(log_softmax(np.log([[1.0, 3.0]]))), [[0.25, 0.75]])
    np.testing.assert_allclose(np.exp(log_softmax(np.array([[1e300, 0.0, -np.inf]]))), [[1.0, 0.0, 0.0]])
    assert np.isneginf(log_softmax(np.full((1, 3), -np.inf))).all()


def test_keyed_uniforms_depend_on_the_query_not_on_its_batch():
    alone = keyed_uniforms(1, "negatives", 5, np.array([17]), 4)
    among = keyed_uniforms(1, "negatives", 5, np.array([3, 17, 99]), 4)
    np.testing.assert_array_equal(alone[0], among[1])
    for other in (
        keyed_uniforms(2, "negatives", 5, np.array([17]), 4),
        keyed_uniforms(1, "positive", 5, np.array([17]), 4),
        keyed_uniforms(1, "negatives", 6, np.array([17]), 4),
    ):
        assert not np.array_equal(alone, other)


def test_keyed_uniforms_are_uniform_over_queries_slots_and_steps():
    from scipy.stats import kstest

    by_query = keyed_uniforms(0, "x", 0, np.arange(200_000), 1).ravel()
    by_slot = keyed_uniforms(0, "x", 0, np.array([7]), 200_000).ravel()
    by_step = np.concatenate([keyed_uniforms(0, "x", s, np.arange(4), 2).ravel() for s in range(3000)])
    for sample in (by_query, by_slot, by_step):
        assert kstest(sample, "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(sample[:-1], sample[1:])[0, 1]) < 0.02
        assert sample.min() > 0
        assert sample.max() < 1


def test_generators_are_reproducible_and_separate():
    assert generator(0, "a").random() == generator(0, "a").random()
    assert generator(0, "a").random() != generator(0, "b").random()
    assert generator(0, "a", 1).random() != generator(0, "a", 2).random()
