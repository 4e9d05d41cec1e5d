"""Paired effects: by hand, against scipy, and where seeds or queries have nothing to say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from ance_core.errors import ConfigError
from ance_core.experiments.statistics import crossed_mean, holm, paired_effect, ratio_of_means

RR = [0.0, 0.1, 0.2, 0.25, 1 / 3, 0.5, 1.0]


def reciprocal_ranks(n, seed):
    return np.random.default_rng(seed).choice(RR, size=n)


def test_by_hand():
    a, b = np.array([1, 0.5, 0.5, 0, 1]), np.array([0.5, 0.5, 1, 0, 0.25])
    effect = paired_effect(a, b)
    assert effect.mean_a == pytest.approx(0.6)
    assert effect.mean_b == pytest.approx(0.45)
    assert effect.difference == pytest.approx(0.15)
    assert (effect.wins, effect.ties, effect.losses) == (2, 2, 1)
    assert effect.p == pytest.approx(ttest_rel(a, b).pvalue)
    assert effect.d_z == pytest.approx(0.15 / np.std([0.5, 0, -0.5, 0, 0.75], ddof=1))
    assert (effect.queries, effect.seeds, effect.scope) == (5, 1, "this seed only")


def test_over_seeds_it_is_the_crossed_mean_of_the_differences():
    a, b = reciprocal_ranks((4, 60), 0), reciprocal_ranks((4, 60), 1)
    effect, expected = paired_effect(a, b, confidence=0.9), crossed_mean(a - b, 0.9)
    assert (effect.difference, effect.low, effect.high) == pytest.approx(
        (expected.mean, expected.low, expected.high)
    )
    assert effect.p == pytest.approx(expected.p)
    assert (effect.seeds, effect.scope) == (4, "seeds and queries")


def test_the_other_way_round_is_the_same_with_the_sign_turned():
    a, b = reciprocal_ranks((3, 40), 0), reciprocal_ranks((3, 40), 1)
    one, other = paired_effect(a, b), paired_effect(b, a)
    assert (one.difference, one.low, one.high) == pytest.approx((-other.difference, -other.high, -other.low))
    assert (one.wins, one.losses) == (other.losses, other.wins)
    assert one.p == pytest.approx(other.p)


def test_identical_runs():
    values = reciprocal_ranks(300, 0)
    effect = paired_effect(values, values.copy())
    assert effect.p == 1
    assert effect.low == effect.difference == effect.high == effect.d_z == 0
    assert (effect.wins, effect.ties, effect.losses) == (0, 300, 0)


def test_constant_differences_have_no_p():
    effect = paired_effect(np.full(4, 0.3), np.full(4, 0.2))
    assert effect.low == effect.high == pytest.approx(0.1)
    assert math.isnan(effect.d_z)
    assert math.isnan(effect.p), "of chance nothing is known where nothing varies"
    assert effect.to_dict()["d_z"] is effect.to_dict()["p"] is None


def test_rounding_of_means_over_seeds_is_no_win():
    a = np.array([[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]])
    effect = paired_effect(a, a[::-1])
    assert (effect.wins, effect.ties, effect.losses) == (0, 2, 0)


def test_equal_seeds_are_one_seed():
    a, b = reciprocal_ranks(50, 1), reciprocal_ranks(50, 2)
    once, thrice = paired_effect(a, b), paired_effect(np.tile(a, (3, 1)), np.tile(b, (3, 1)))
    assert thrice.difference == pytest.approx(once.difference)
    assert thrice.p == pytest.approx(once.p)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))
    assert thrice.seeds == 3


def test_ratio_of_means():
    """Intervals of log-normal ratios cover the true one, 2, about as often as they say."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        size = rng.lognormal(0, 0.5, 150)
        a = 2 * size * rng.lognormal(0, 0.3, (4, 150)) * rng.lognormal(0, 0.05, (4, 1))
        b = size * rng.lognormal(0, 0.3, (4, 150))
        found = ratio_of_means(a, b)
        covered += found.low < 2 * np.exp(0.05**2 / 2) < found.high
    assert 0.91 < covered / 400 < 0.98
    same = ratio_of_means(b, b)
    assert (same.mean, same.low, same.high) == (1, 1, 1)
    with pytest.raises(ValueError, match="mean is 0"):
        ratio_of_means(a, b * 0)


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
        (np.zeros(1), np.zeros(1), "1 query to compare on"),
        (np.array([np.nan, 0]), np.zeros(2), "not finite"),
    ],
)
def test_refusals(a, b, message):
    with pytest.raises(ConfigError, match=message):
        paired_effect(a, b)
