"""What recipes say of themselves holds: presets resolve, settings they name exist, samplers have the published numbers."""

from functools import reduce

import pytest

from ance_core.config import RunConfig
from ance_core.errors import ConfigError
from ance_core.recipes import RECIPES
from ance_core.samplers import Ambiguous, Curriculum, GradientNorm, Mixture, TopK, Uniform
from ance_core.training.settings import resolve

PRESETS = [(recipe, preset) for recipe in RECIPES for preset in (None, *RECIPES[recipe].presets)]


@pytest.mark.parametrize(("recipe", "preset"), PRESETS)
def test_every_preset_resolves_to_settings_its_recipe_can_use(recipe, preset):
    config = resolve({"recipe": recipe, "preset": preset})
    assert RECIPES[recipe].build_objective(config).name
    sampler = RECIPES[recipe].build_sampler(config)
    assert (sampler is None) == (recipe == "adore")
    if preset is not None:
        assert RECIPES[recipe].presets[preset].note.endswith(".")


@pytest.mark.parametrize("recipe", RECIPES)
def test_parameters_name_settings_that_exist(recipe):
    for parameter in RECIPES[recipe].parameters:
        if parameter.setting:
            reduce(getattr, parameter.setting.split("."), RunConfig())
        assert parameter.here, parameter.name
    assert all(sentence.endswith(".") for sentence in RECIPES[recipe].differs)


def sampler_of(recipe, **settings):
    return RECIPES[recipe].sampler(resolve({"recipe": recipe, **settings}))


def test_simans_and_its_presets():
    """Appendix D: a = .5, b = 0, on Natural Questions b = 1; the code adds b, and is Laplace with tau 3 on passages."""
    assert sampler_of("simans") == Ambiguous(
        "own", sampler_of("ance").depth
    )  # they differ in the weights alone
    assert sampler_of("simans", preset="paper") == Ambiguous("own", 100, a=0.5)
    assert sampler_of("simans", preset="paper-nq") == Ambiguous("own", 100, a=0.5, b=1.0)
    assert sampler_of("simans", preset="authors_code") == Ambiguous("own", 100, a=0.5, b=1.0, sign=1)
    assert sampler_of("simans", preset="authors_code-doc") == Ambiguous("own", 200, a=0.5, sign=1)
    assert sampler_of("simans", preset="authors_code-marco") == Ambiguous("own", 200, form="laplace")
    assert resolve({"recipe": "simans", "preset": "paper"}).negatives.per_query == 15


def test_oracles_differ_in_weight_and_floor():
    assert sampler_of("oracle") == GradientNorm("own", 200)
    assert sampler_of("oracle-weighted") == GradientNorm("own", 200, floor=0.1)
    assert not RECIPES["oracle"].importance_weighted
    assert RECIPES["oracle-weighted"].importance_weighted


def test_a_curriculum_switches_where_told_or_in_the_middle():
    assert sampler_of("curriculum", steps=301) == Curriculum(TopK("bm25", 200), TopK("own", 200), 150)
    assert sampler_of("curriculum", method={"switch_at": 7}).at == 7
    for at in (0, 600, 601):
        with pytest.raises(ConfigError, match=rf"method.switch_at: {at} leaves one.*choose 1 to 599"):
            sampler_of("curriculum", method={"switch_at": at})


def test_shares_of_a_mixture_are_proportions():
    bm25, everything, own = TopK("bm25", 200), Uniform(), TopK("own", 200)
    third = 1 / 3
    assert sampler_of("mixture") == Mixture((bm25, everything, own), (third, third, third))
    shares = {"random": 1, "ann": 3, "bm25": 0}
    assert sampler_of("mixture", negatives={"shares": shares}) == Mixture((everything, own), (0.25, 0.75))
    for shares in ({"bm25": 1, "random": 1}, {"ann": 1}, {"ann": 0, "random": 0}):
        with pytest.raises(ConfigError, match=r"negatives.shares: .* must give 'ann' and another source"):
            sampler_of("mixture", negatives={"shares": shares})


def test_settings_that_would_do_nothing_are_refused():
    with pytest.raises(ConfigError, match=r"negatives\.shares: no setting of recipe 'ance'.*'mixture'"):
        resolve({"recipe": "ance", "negatives": {"shares": {"ann": 1}}})
    with pytest.raises(ConfigError, match=r"negatives\.filter: does nothing for recipe 'in-batch'"):
        resolve({"recipe": "in-batch", "negatives": {"filter": {"absolute_margin": 1}}})
    with pytest.raises(ConfigError, match=r"method\.a: no parameter of recipe 'ance'"):
        resolve({"recipe": "ance", "method": {"a": 1}})
    with pytest.raises(ConfigError, match=r"method\.a: -1 given; it must be above 0"):
        resolve({"recipe": "simans", "method": {"a": -1}})
