"""Tables of a collection: what an arm is spelled as, and which differences survive the number of them."""

import numpy as np
import pytest

from ance_core.errors import ConfigError
from benchmarks.collection_table import ARMS, column, config_of, name_of


def test_every_arm_resolves_and_has_a_name_of_its_own():
    names = set()
    for arm in ARMS:
        config = config_of(
            "catalogue", arm, 3, "static", {"steps": 5, "encoder": {"vocabulary": "documents"}}
        )
        assert (config.seed, config.steps, config.encoder.kind) == (3, 5, "static")
        assert config.encoder.vocabulary == "documents"
        names.add(config.name)
    assert len(names) == len(ARMS)


def test_an_arm_may_name_a_preset_and_settings():
    config = config_of("catalogue", "simans:paper,negatives.per_query=7", 0, "static", {})
    assert (config.preset, config.negatives.per_query, config.negatives.pool_depth) == ("paper", 7, 100)
    with pytest.raises(ConfigError, match="preset: recipe 'ance-tele' has no preset 'plan'"):
        config_of("catalogue", "ance-tele:plan", 0, "static", {})


def test_folders_of_earlier_sweeps_keep_their_names():
    assert name_of("DATA/squad-dev", "bm25+random", 2, "static") == "bm25-random-squad-dev-2"
    assert name_of("catalogue", "ance", 0, "static:wordllama") == "ance-catalogue-static-wordllama-0"


def test_a_difference_within_chance_of_twenty_is_marked():
    """One arm is .05 above the base; of the others one excludes 0 by luck: after Holm only the first is left."""
    rng = np.random.default_rng(0)
    base = rng.normal(0.5, 0.1, (5, 400))
    arms = {"better": base + 0.05 + rng.normal(0, 0.1, base.shape)}
    arms |= {f"null {i}": base + rng.normal(0, 0.1, base.shape) for i in range(40)}
    cells = column(arms, base)
    assert not cells["better"].endswith("°")
    assert all(cells[f"null {i}"].endswith("°") for i in range(40))
    alone = [arm for arm in arms if not column({arm: arms[arm]}, base)[arm].endswith("°")]
    assert len(alone) > 1
