"""Whole public collections: counts equal those published beside them."""

import json

import numpy as np
import pytest

from ance_core.data import load_dataset


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["squad-dev", "scifact", "cranfield", "nl2bash"])
def test_counts(shared_data, name):
    stats = json.loads((shared_data / name / "stats.json").read_text(encoding="utf-8"))
    data = load_dataset(shared_data / name)
    assert (len(data.docs), len(data.queries)) == (stats["docs"], stats["queries"])
    train, dev, test = (data.qrels[split].relevant() for split in ("train", "dev", "test"))
    assert len(train) + len(dev) == stats["splits"]["train"]["pairs"]
    assert len(test) == stats["splits"]["test"]["pairs"]
    assert len(np.unique(test.queries)) == stats["splits"]["test"]["queries"]
    together = len(np.unique(np.concatenate([train.queries, dev.queries])))
    assert (
        together
        == stats["splits"]["train"]["queries"]
        == len(np.unique(train.queries)) + len(np.unique(dev.queries))
    )
