"""ADORE: rows from the current ranking, a frozen document side, and runs it can start from."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from ance_core.data import Qrels
from ance_core.errors import ConfigError, StoreError
from ance_core.samplers import QueryBatch
from ance_core.training.listwise import positives_of
from ance_core.training.session import train_runs


def test_rows_are_the_retrieved_positives_or_else_all_appended():
    labels = Qrels.of([0, 0, 1, 1], [4, 9, 2, 7], [1, 1, 1, 1]).labels()
    batch = QueryBatch(np.array([0, 1]), np.array([0, 2]), labels, 12)
    hits = np.array([[5, 9, 1], [3, 0, 5]])
    positive = np.array([[False, True, False], [False, False, False]])
    owner, label, rank = positives_of(batch, hits, positive)
    assert owner.tolist() == [0, 1, 1]
    assert labels.docs[label].tolist() == [9, 2, 7]  # 4 is left out, since 9 was found
    assert rank.tolist() == [1, 3, 4]


def weights_at(run, step):
    return load_file(run.checkpoints()[step] / "model.safetensors")


def test_only_the_query_tower_learns_from_a_current_ranking(store, settings):
    (run,) = train_runs([settings(recipe="adore")], store)
    first, last = weights_at(run, 0), weights_at(run, 12)
    for name in first:
        moved = not np.array_equal(first[name], last[name])
        assert moved == name.startswith("query_tower."), name
    negatives = run.negatives()
    assert (negatives["index_step"] == negatives["step"] - 1).all()  # never stale
    assert (negatives["probability"] == 1).all()
    assert run.refreshes().empty
    assert (run.snapshot(0)["documents"] == run.snapshot(12)["documents"]).all()
    assert (run.snapshot(0)["queries"] != run.snapshot(12)["queries"]).any()


def test_both_towers_start_from_the_one_that_was_warmed_up(store, settings):
    run, plain = train_runs([settings(recipe="adore"), settings(recipe="random")], store)
    assert run.info["init"] == plain.info["init"]
    start, shared = weights_at(run, 0), weights_at(plain, 0)
    for name, tensor in shared.items():
        np.testing.assert_array_equal(start[name], tensor)
        np.testing.assert_array_equal(start[name.replace("query_tower.", "document_tower.")], tensor)


def test_it_starts_from_any_finished_run(store, settings):
    (base,) = train_runs([settings(recipe="in-batch", name="base")], store)
    (run,) = train_runs([settings(recipe="adore", start="base")], store)
    assert run.info["init"] == {"run": "base", "step": 12}
    for name, tensor in weights_at(base, 12).items():
        np.testing.assert_array_equal(weights_at(run, 0)[name], tensor)


def test_starts_that_cannot_be_are_refused(store, settings, tmp_path):
    train_runs([settings(recipe="random", name="base")], store)
    with pytest.raises(StoreError, match=r"run 'bse': not in .*did you mean 'base'"):
        train_runs([settings(recipe="adore", start="bse")], store)
    with pytest.raises(
        ConfigError, match="start: run 'base' has no checkpoint at step '7'; it has 0, 5, 10, 12"
    ):
        train_runs([settings(recipe="adore", start="base@7")], store)
    with pytest.raises(ConfigError, match=r"start: encoder.width is 32 here and 16 in run 'base'"):
        train_runs([settings(recipe="adore", start="base", encoder={"width": 32})], store)
    with pytest.raises(ConfigError, match="start: run 'base' was trained on tiny"):
        train_runs([settings(recipe="adore", start="base", data="pydocs:stdlib")], store)
    with pytest.raises(ConfigError, match=r"method.metric_cut"):
        settings(recipe="adore", method={"metric_cut": 0})
