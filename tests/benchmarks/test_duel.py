"""Two processes taking turns, and the statistics of what they report."""

import numpy as np
import pytest

from benchmarks.duel import Side, duel
from benchmarks.stats import Pairs, Spread, median_with_interval

SLEEPER = "tests.benchmarks.sides:sleeper"


def test_each_side_is_measured_a_unit_and_with_the_threads_asked_for():
    laps = duel(Side(SLEEPER, {"seconds": 0.02}), Side(SLEEPER, {"seconds": 0.3}), rounds=3, threads=1)
    pairs = laps.pairs()
    assert pairs.ours.shape == pairs.theirs.shape == (3,)
    assert (pairs.ours >= 0.01).all()
    assert (pairs.theirs >= 0.15).all()
    assert set(laps.ours) == {"", "1"}


def test_a_side_that_breaks_says_why():
    with pytest.raises(RuntimeError, match="no such luck"):
        duel(Side("tests.benchmarks.sides:broken"), Side(SLEEPER, {"seconds": 0}), rounds=1, threads=1)


def test_ratio_is_the_median_over_pairs():
    pairs = Pairs(np.array([1.0, 2.0, 4.0]), np.array([3.0, 10.0, 8.0]))
    assert pairs.ratio().median == 3.0
    assert pairs.ratio().low == 2.0
    assert pairs.ratio().high == 5.0


def test_interval_narrows_with_more_pairs():
    rng = np.random.default_rng(1)
    few, many = (median_with_interval(rng.normal(5, 1, n)) for n in (8, 800))
    assert many.low < 5 < many.high
    assert many.high - many.low < (few.high - few.low) / 3
    assert Spread.of(np.arange(5)) == Spread(2.0, 1.0, 3.0)
