"""Crossed-variance t: numbers a hand can check, a slow oracle, what one seed can say, and the bootstrap beside it."""

import numpy as np
import pytest
from scipy.stats import t, ttest_1samp

from ance_core.experiments.statistics import crossed_mean, crossed_means, half_width, pigeonhole_intervals


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


def slow_variance(x):
    """V and its degrees of freedom, cell by cell, from the formulas of the module."""
    n_seeds, n_queries = x.shape
    of_seed = [sum(x[s]) / n_queries for s in range(n_seeds)]
    of_query = [sum(x[:, q]) / n_seeds for q in range(n_queries)]
    grand = sum(of_seed) / n_seeds
    vs = sum((m - grand) ** 2 for m in of_seed) / (n_seeds - 1) / n_seeds
    vq = sum((m - grand) ** 2 for m in of_query) / (n_queries - 1) / n_queries
    rest = sum(
        (x[s, q] - of_seed[s] - of_query[q] + grand) ** 2 for s in range(n_seeds) for q in range(n_queries)
    )
    ve = rest / ((n_seeds - 1) * (n_queries - 1)) / (n_seeds * n_queries)
    v = max(vs + vq - ve, vs, vq)
    return v, v**2 / (vs**2 / (n_seeds - 1) + vq**2 / (n_queries - 1))


@pytest.mark.parametrize("seed_sd", [0.0, 0.1])
def test_many_tables_against_one_cell_after_the_other(seed_sd):
    rng = np.random.default_rng(3)
    x = rng.normal(0.05, 0.3, (2, 6, 4, 25)) + rng.normal(0, seed_sd, (2, 6, 4, 1))
    found = crossed_means(x, confidence=0.9)
    assert found.mean.shape == found.p.shape == (2, 6)
    for i, j in np.ndindex(2, 6):
        v, freedom = slow_variance(x[i, j])
        mean = x[i, j].mean()
        assert found.mean[i, j] == pytest.approx(mean)
        assert found.high[i, j] - mean == pytest.approx(t.ppf(0.95, freedom) * v**0.5)
        assert found.p[i, j] == pytest.approx(2 * t.sf(abs(mean) / v**0.5, freedom))
        assert crossed_mean(x[i, j], 0.9).low == pytest.approx(found.low[i, j])


def test_differences_that_are_one_number_but_for_rounding_do_not_vary():
    x = np.full((3, 40), 0.3) - np.linspace(0.1, 0.9, 40) + np.linspace(0.1, 0.9, 40)
    assert np.isnan(crossed_mean(x).p)


def test_half_width_is_half_the_t_interval():
    values = np.array([[0.1, 0.4, 0.3], [1.0, 1.0, 4.0]])
    for row, half in zip(values, half_width(values), strict=True):
        interval = ttest_1samp(row, 0.0).confidence_interval()
        assert half == pytest.approx((interval.high - interval.low) / 2)
    with pytest.raises(ValueError, match="two or more"):
        half_width(np.array([1.0]))


def test_the_pigeonhole_bootstrap_draws_seeds_and_queries():
    rng = np.random.default_rng(0)
    x = rng.normal(0.1, 0.2, (6, 50)) + rng.normal(0, 0.1, (6, 1))
    means = [x[rng.integers(0, 6, 6)][:, rng.integers(0, 50, 50)].mean() for _ in range(10_000)]
    low, high = pigeonhole_intervals(x, resamples=10_000)
    assert (low, high) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.05 * (high - low))
    stacked = pigeonhole_intervals(np.stack([x, x + 1]), resamples=10_000)
    assert stacked[0] == pytest.approx([low, low + 1])


def test_the_pigeonhole_bootstrap_agrees_where_seeds_are_many():
    rng = np.random.default_rng(1)
    x = rng.normal(0.1, 0.2, (40, 300)) + rng.normal(0, 0.1, (40, 1)) + rng.normal(0, 0.3, 300)
    found, (low, high) = crossed_mean(x), pigeonhole_intervals(x)
    assert (high - low) / (found.high - found.low) == pytest.approx(1, abs=0.1)


def test_refusals():
    with pytest.raises(ValueError, match="two queries"):
        crossed_mean(np.zeros((3, 1)))
    with pytest.raises(ValueError, match="finite"):
        crossed_mean(np.array([[0.0, np.nan]]))
