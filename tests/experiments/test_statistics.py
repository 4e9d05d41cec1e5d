"""Paired statistics: by hand, against scipy, and on data whose truth is known."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ance_core.errors import ConfigError
from ance_core.experiments import statistics
from ance_core.experiments.statistics import holm, interval, paired_effect, sign_flip_p

RR = [0.0, 0.1, 0.2, 0.25, 1 / 3, 0.5, 1.0]


def reciprocal_ranks(n, seed):
    return np.random.default_rng(seed).choice(RR, size=n)


def test_by_hand():
    effect = paired_effect(np.array([1, 0.5, 0.5, 0, 1]), np.array([0.5, 0.5, 1, 0, 0.25]))
    assert effect.mean_a == pytest.approx(0.6)
    assert effect.mean_b == pytest.approx(0.45)
    assert effect.difference == pytest.approx(0.15)
    assert (effect.wins, effect.ties, effect.losses) == (2, 2, 1)
    # Differences other than 0: .5, -.5, .75, their sum .75; with all signs: +-1.75, +-.75 (twice), +-.25.
    assert effect.p == 6 / 8
    assert effect.d_z == pytest.approx(0.15 / np.std([0.5, 0, -0.5, 0, 0.75], ddof=1))
    assert (effect.queries, effect.seeds) == (5, 1)


def test_identical_runs():
    values = reciprocal_ranks(300, 0)
    effect = paired_effect(values, values.copy())
    assert effect.p == 1
    assert effect.low == effect.difference == effect.high == effect.d_z == 0
    assert (effect.wins, effect.ties, effect.losses) == (0, 300, 0)


def test_one_query_and_constant_differences():
    effect = paired_effect(np.array([1.0]), np.array([0.5]))
    assert effect.p == 1, "one flip is as extreme as none"
    assert effect.low == effect.high == 0.5
    assert math.isnan(effect.d_z)
    assert effect.to_dict()["d_z"] is None
    assert paired_effect(np.ones(4), np.zeros(4)).p == 2 / 16


def test_rounding_of_means_over_seeds_is_no_win():
    a = np.array([[0.1], [0.2], [0.3]])
    effect = paired_effect(a, a[::-1])
    assert (effect.wins, effect.ties, effect.losses) == (0, 1, 0)
    assert effect.p == 1


@given(st.lists(st.sampled_from([-0.5, -0.25, 0, 0.25, 0.5, 1]), min_size=2, max_size=10))
def test_exact_p_equals_scipy(differences):
    x = np.array(differences)
    oracle = stats.permutation_test(
        (x,),
        lambda v, axis: v.mean(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    )
    assert sign_flip_p(x) == pytest.approx(oracle.pvalue)


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=8))
def test_exact_p_counts_ties_despite_rounding(thirds):
    """In thirds of hundredths, sums of equal size differ in the last bit; whole numbers decide what ties."""
    patterns = itertools.product([1, -1], repeat=len(thirds))
    sums = [abs(sum(s * t for s, t in zip(signs, thirds, strict=True))) for signs in patterns]
    expected = np.mean([s >= abs(sum(thirds)) for s in sums])
    assert sign_flip_p(np.array(thirds) / 300) == pytest.approx(expected)


@pytest.mark.parametrize("shift", [0, 0.02, 0.06])
def test_random_p_is_near_scipy(shift):
    x = reciprocal_ranks(120, 1) - reciprocal_ranks(120, 2) + shift
    oracle = stats.permutation_test(
        (x,),
        lambda v, axis: v.mean(axis=axis),
        permutation_type="samples",
        n_resamples=4000,
        batch=500,
        rng=0,
    )
    p = sign_flip_p(x)
    # Four standard errors of two estimates from 10,000 and 4,000 patterns.
    assert abs(p - oracle.pvalue) <= 4 * math.sqrt(p * (1 - p) * (1 / 10_000 + 1 / 4000)) + 1 / 4000
    assert p == sign_flip_p(x), "the same seed, the same number"


def test_exact_and_random_agree_where_they_meet():
    x = np.random.default_rng(0).choice([-0.5, 0.5, 1 / 3, -0.2], 12)
    assert sign_flip_p(x, flips=4095) == pytest.approx(sign_flip_p(x, flips=4096), abs=0.04)


def test_thousands_of_queries():
    x = np.random.default_rng(0).normal(size=3000)
    assert sign_flip_p(x + 0.2) == pytest.approx(1 / 10_001)
    assert sign_flip_p(x - x.mean()) == pytest.approx(1, abs=0.01)


def test_p_is_uniform_when_nothing_differs():
    rng = np.random.default_rng(0)
    p = [sign_flip_p(rng.normal(size=30), flips=500, seed=i) for i in range(400)]
    assert stats.kstest(p, "uniform").pvalue > 0.001


@pytest.mark.parametrize("n", [20, 400])
def test_interval_is_near_scipy(n):
    x = reciprocal_ranks(n, 3) - reciprocal_ranks(n, 4)
    oracle = stats.bootstrap((x,), np.mean, method="percentile", n_resamples=9999, rng=0).confidence_interval
    width = oracle.high - oracle.low
    assert interval(x[None]) == pytest.approx(tuple(oracle), abs=0.03 * width)


def test_interval_covers_the_truth():
    """Of 300 intervals at 90 %, 270 +- 5 should hold the true difference; skewness costs a few."""
    rng = np.random.default_rng(0)
    held = 0
    for i in range(300):
        low, high = interval(rng.exponential(size=(1, 100)) - 1, confidence=0.9, resamples=400, seed=i)
        held += low <= 0 <= high
    assert held / 300 == pytest.approx(0.89, abs=0.06)


def test_seeds_widen_the_interval():
    """Query effects .1, seed effects .05: the variance of the mean is .1**2 / Q plus .05**2 / S."""
    rng = np.random.default_rng(0)
    n_seeds, n_queries = 40, 400
    x = 0.1 * rng.normal(size=(1, n_queries)) + 0.05 * rng.normal(size=(n_seeds, 1))
    low, high = interval(x)
    deviation = math.sqrt(x.mean(0).var() / n_queries + x.mean(1).var() / n_seeds)
    assert (high - low) / (2 * 1.96) == pytest.approx(deviation, rel=0.05)
    alone = interval(x.mean(0, keepdims=True))
    assert high - low > 1.3 * (alone[1] - alone[0])


def test_two_levels_against_the_loop():
    x = np.random.default_rng(5).normal(size=(4, 15))
    rng = np.random.default_rng(6)
    means = [
        x[np.ix_(rng.integers(0, 4, 4), rng.integers(0, 15, 15))].mean()  # a cross of seeds and queries
        for _ in range(20_000)
    ]
    low, high = np.quantile(means, [0.025, 0.975])
    assert interval(x) == pytest.approx((low, high), abs=0.04 * (high - low))


def test_equal_seeds_are_one_seed():
    a, b = reciprocal_ranks(50, 1), reciprocal_ranks(50, 2)
    once, thrice = paired_effect(a, b), paired_effect(np.tile(a, (3, 1)), np.tile(b, (3, 1)))
    assert thrice.difference == pytest.approx(once.difference)
    assert thrice.p == once.p
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high), abs=0.005)
    assert thrice.seeds == 3


def test_blocks_cover_every_resample(monkeypatch):
    monkeypatch.setattr(statistics, "_CELLS", 70)
    effect = paired_effect(reciprocal_ranks(30, 1), reciprocal_ranks(30, 2), resamples=101)
    assert effect.low < effect.difference < effect.high
    assert 0 < effect.p <= 1


def test_holm_by_hand():
    # Sorted .01 x 4, .02 x 3, .03 x 2 = .06 (kept at the running maximum .06), .4 x 1.
    assert holm(np.array([0.03, 0.01, 0.4, 0.02])).tolist() == pytest.approx([0.06, 0.04, 0.4, 0.06])
    assert holm(np.array([0.6, 0.7])).tolist() == [1, 1]
    assert holm(np.array([])).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values):
    adjusted = holm(np.array(p_values))
    for level in (0.01, 0.05, 0.3):
        rejected = set()
        for step, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
            if p_values[i] * (len(p_values) - step) > level:
                break
            rejected.add(i)
        assert set(np.flatnonzero(adjusted <= level)) == rejected


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.zeros(3), np.zeros(4), r"shapes \(1, 3\) and \(1, 4\)"),
        (np.zeros((2, 3)), np.zeros(3), "same seeds and queries"),
        (np.zeros(0), np.zeros(0), "no queries"),
        (np.array([np.nan]), np.zeros(1), "not finite"),
    ],
)
def test_refusals(a, b, message):
    with pytest.raises(ConfigError, match=message):
        paired_effect(a, b)
