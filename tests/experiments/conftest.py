"""Finished runs in a real store, with per-query values made up."""

import numpy as np
import pandas as pd
import pytest

from ance_core.config import RunConfig
from ance_core.runs import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs", create=True)


@pytest.fixture
def add_run(store):
    """add_run(name, values, ...) -> Run, whose RR@10 on test queries q0, q1, ... are `values`."""

    def add(name, values, *, queries=None, dataset=None, init=None, split="test", meta=None, **settings):
        config = RunConfig(name=name, **settings)
        writer = store.create_run(
            name,
            config.model_dump(mode="json"),
            dataset={"name": "made-up", "fingerprint": "f" * 16, "docs": 50, **(dataset or {})},
            init=init or {"run": None, "step": 0},
            **(meta or {}),
        )
        values = np.asarray(values, float)
        queries = [f"q{i}" for i in range(len(values))] if queries is None else queries
        table = pd.DataFrame({"query_id": queries, "split": split, "RR@10": values, "Success@1": values == 1})
        table["Success@1"] = table["Success@1"].astype(float)
        writer.finish("finished", {split: table[["RR@10", "Success@1"]].mean().to_dict()}, table)
        return store.run(name)

    return add
