"""Small settings that train in a second, shared by the tests of training."""

import pytest

from ance_core.runs import Store
from ance_core.training.settings import resolve

SMALL = {
    "data": "tiny",
    "encoder": {"width": 16, "dim": 16, "vocab_size": 400},
    "batch_size": 8,
    "steps": 12,
    "warmup": {"steps": 5},
    "negatives": {"pool_depth": 10},
    "record": {"eval_every": 5, "snapshot_every": 6, "checkpoint_every": 5},
}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs", create=True)


@pytest.fixture
def settings():
    """`settings(recipe="ance", ...)`: a resolved small config, groups merged."""
    from ance_core.config import merge

    return lambda **values: resolve(merge(SMALL, values))
