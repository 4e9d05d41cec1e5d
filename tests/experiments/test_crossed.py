"""Crossed-variance t: numbers a hand can check, what one seed can say, and false alarms with a seed effect planted."""

import numpy as np
import pytest
from scipy.stats import t, ttest_1samp

from ance_core.experiments.crossed import crossed_mean


def test_by_hand():
    """Seed means .1 and .3, query means .1 and .3, no residual: Vs = Vq = .01, V = .02, df = 2."""
    found = crossed_mean(np.array([[0.0, 0.2], [0.2, 0.4]]))
    half = t.ppf(0.975, 2) * 0.02**0.5
    assert (found.mean, found.low, found.high) == pytest.approx((0.2, 0.2 - half, 0.2 + half))
    assert found.p == pytest.approx(2 * t.sf(0.2 / 0.02**0.5, 2))


def test_one_seed_is_the_t_test_over_queries_and_says_so():
    x = np.random.default_rng(0).normal(0.1, 0.3, (1, 50))
    found, expected = crossed_mean(x), ttest_1samp(x[0], 0.0)
    assert found.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.scope == "this seed only"
    assert crossed_mean(np.tile(x, (3, 1))).scope == "seeds and queries"


def test_nothing_that_varies_has_no_p():
    found = crossed_mean(np.full((3, 4), 0.25))
    assert (found.low, found.high) == (0.25, 0.25)
    assert np.isnan(found.p)


@pytest.mark.parametrize("seed_sd", [0.0, 0.03, 0.06])
def test_false_alarms_stay_near_five_per_cent_where_seeds_differ(seed_sd):
    """Where sign flips over queries give up to 47 %."""
    rng = np.random.default_rng(7)
    alarms = [
        crossed_mean(
            rng.normal(0, 0.3, (5, 200)) + rng.normal(0, 0.3, 200) + rng.normal(0, seed_sd, (5, 1))
        ).p
        < 0.05
        for _ in range(800)
    ]
    assert 0.02 < np.mean(alarms) < 0.085


def test_refusals():
    with pytest.raises(ValueError, match="two queries"):
        crossed_mean(np.zeros((3, 1)))
    with pytest.raises(ValueError, match="finite"):
        crossed_mean(np.array([[0.0, np.nan]]))
