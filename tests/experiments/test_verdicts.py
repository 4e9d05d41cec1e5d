"""Verdicts: each against an effect made for it, the correction over a family, and the seeds that would decide."""

import numpy as np
import pytest
from scipy.stats import t

from ance_core.errors import ConfigError
from ance_core.experiments.statistics import holm, paired_effect, verdicts
from ance_core.experiments.statistics.verdicts import FALSE_ALARMS, POWER, beyond, seeds_to_decide


def effect_of(mean, noise=0.1, seeds=5, queries=200, seed_sd=0.0, seed=0):
    """An effect whose difference is exactly `mean`."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, noise, (seeds, queries)) + rng.normal(0, seed_sd, (seeds, 1))
    x += mean - x.mean()
    return paired_effect(x, np.zeros_like(x))


def words(effects, smallest=None):
    return [verdict.word for verdict in verdicts(effects, smallest)]


def test_each_verdict():
    effects = [effect_of(0.05), effect_of(-0.05), effect_of(0.0), effect_of(0.012, noise=0.3)]
    assert words(effects, 0.015) == ["higher", "lower", "equivalent", "undecided"]
    assert words(effects) == ["higher", "lower", "undecided", "undecided"], (
        "nothing is equivalent within nothing"
    )


def test_a_difference_beyond_chance_but_not_beyond_the_smallest_of_interest_is_not_called_higher():
    effect = effect_of(0.012)
    assert effect.p < 0.01
    assert words([effect]) == ["higher"]
    assert words([effect], 0.01) == ["undecided"]
    assert words([effect], 0.03) == ["equivalent"]


def test_p_beyond_the_smallest_is_below_5_per_cent_where_the_interval_lies_beyond_it():
    for mean in np.linspace(0.005, 0.05, 30):
        effect = effect_of(mean)
        assert (beyond(effect, 0.01) < 0.05) == (effect.low > 0.01)
    assert beyond(effect, None) == effect.p


def test_a_family_is_corrected_by_holm():
    effects = [effect_of(mean, seed=i) for i, mean in enumerate((0.008, 0.007, 0.01, 0.0))]
    found = verdicts(effects)
    np.testing.assert_allclose([v.p_holm for v in found], holm(np.array([e.p for e in effects])))
    alone = effect_of(0.01, seed=2)
    assert words([alone]) == ["higher"]
    assert found[2].word == "undecided", "the same effect among others"


def test_equal_runs_and_runs_that_differ_by_one_number():
    x = np.linspace(0, 1, 20)
    same, shifted = paired_effect(x, x), paired_effect(x + 0.5, x)
    assert words([same, shifted]) == ["undecided", "undecided"]
    assert words([same, shifted], 0.01) == ["equivalent", "undecided"]
    assert np.isnan(verdicts([same, shifted])[1].p_holm)


def test_one_seed_says_nothing_of_others():
    found = verdicts([effect_of(0.05, seeds=1), effect_of(0.0001, seeds=1)])
    assert [v.scope for v in found] == ["this seed only"] * 2
    assert [v.word for v in found] == ["higher", "undecided"]
    assert found[1].seeds_needed is None
    assert "more seeds" in found[1].remedy


def test_seeds_to_decide_by_hand():
    """All varies over seeds: at S' seeds the error is sqrt(S / S') of now, and freedom S' - 1."""
    rng = np.random.default_rng(0)
    means = rng.normal(0, 1, (5, 1))
    x = (means - means.mean()) / means.std(ddof=1) * 0.1 + 0.05 + np.zeros((5, 100))
    effect = paired_effect(x, np.zeros_like(x))
    enough = [
        s for s in range(6, 200)
        if (t.ppf(0.975, s - 1) + t.ppf(POWER, s - 1)) * 0.1 / s**0.5 <= 0.05
    ]  # fmt: skip
    assert seeds_to_decide(effect) == enough[0] == 34
    assert verdicts([effect])[0].remedy == "34 seeds would decide it"


def test_no_number_of_seeds_outweighs_too_few_queries():
    rng = np.random.default_rng(0)
    of_queries = rng.normal(0, 0.3, 50)
    x = of_queries - of_queries.mean() + 0.01 + rng.normal(0, 0.01, (5, 50))
    effect = paired_effect(x, np.zeros_like(x))
    assert seeds_to_decide(effect) is None
    assert "more queries needed" in verdicts([effect])[0].remedy


def test_more_comparisons_need_more_seeds():
    effect = effect_of(0.02, noise=0.05, seed_sd=0.05, seed=3)
    needed = [verdicts([effect] * n)[-1].seeds_needed for n in (1, 5)]
    assert needed[0] is not None
    assert needed[1] >= needed[0]


@pytest.mark.parametrize("smallest", [0.0, -0.01, float("nan"), float("inf")])
def test_a_smallest_effect_that_is_none(smallest):
    with pytest.raises(ConfigError, match=r"smallest: .* name a positive difference"):
        verdicts([effect_of(0.1)], smallest)


def test_few_seeds_are_known_for_their_false_alarms():
    assert set(FALSE_ALARMS) == {2, 3}
