"""Whole runs: what they leave behind, that they repeat, and that company changes nothing."""

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from ance_core.data import load_dataset
from ance_core.errors import ConfigError, DataError, StoreError, TrainingError
from ance_core.recipes import RECIPES
from ance_core.training.session import resume_run, train_runs

from .given import data_for

WHAT = ["step", "name", "value"]


def final_weights(run):
    return load_file(run.checkpoints()[max(run.checkpoints())] / "model.safetensors")


def assert_same_run(a, b):
    """Bit for bit: weights, logged numbers, refreshes and drawn negatives; only clocks may differ."""
    for name, tensor in final_weights(a).items():
        np.testing.assert_array_equal(tensor, final_weights(b)[name], err_msg=name)
    pd.testing.assert_frame_equal(a.scalars()[WHAT], b.scalars()[WHAT])
    what = ["step", "index_step", "active_step", "jaccard"]
    pd.testing.assert_frame_equal(a.refreshes()[what], b.refreshes()[what])
    pd.testing.assert_frame_equal(a.negatives(), b.negatives())
    assert a.results()["test"] == b.results()["test"]
    pd.testing.assert_frame_equal(a.per_query(), b.per_query())


@pytest.mark.parametrize("recipe", list(RECIPES))
def test_every_recipe_trains_and_leaves_a_whole_run(recipe, store, settings):
    (run,) = train_runs([settings(recipe=recipe)], store, dataset=data_for(recipe))
    assert run.status().state == "finished"
    assert {0, 5, 10, 12} <= set(run.checkpoints())
    assert run.snapshots() == [0, 6, 12]
    assert set(run.results()) == {"dev", "test", "training"}
    scalars = run.scalars()
    assert scalars[scalars.name == "loss"].step.tolist() == list(range(1, 13))
    assert scalars[scalars.name == "dev/RR@10"].step.tolist() == [0, 5, 10, 12]
    for name in ("grad_norm/total", "grad_norm/embeddings", "grad_norm/head", "lr", "margin"):
        assert np.isfinite(scalars[scalars.name == name].value).all(), name
    negatives = run.negatives()
    assert len(negatives) > 0
    dataset = load_dataset("tiny")
    judged = dataset.qrels["train"].relevant()
    pairs = set(zip(judged.queries.tolist(), judged.docs.tolist(), strict=True))
    assert not pairs & set(zip(negatives["query"].tolist(), negatives["document"].tolist(), strict=True))
    assert (run.folder / "model" / "modules.json").exists()


def test_band_norms_add_up_to_the_total(store, settings):
    (run,) = train_runs([settings(recipe="ance")], store)
    wide = (
        run.scalars().pivot(index="step", columns="name", values="value").dropna(subset=["grad_norm/total"])
    )
    bands = [c for c in wide if c.startswith("grad_norm/") and c != "grad_norm/total"]
    np.testing.assert_allclose(np.sqrt((wide[bands] ** 2).sum(axis=1)), wide["grad_norm/total"], rtol=1e-6)


@pytest.mark.parametrize("refresh", [{"mode": "sync", "every": 4}, {"mode": "lag", "every": 4, "lag": 3}])
def test_a_run_repeats_bit_for_bit(refresh, store, settings):
    first, second = train_runs(
        [
            settings(recipe="ance", refresh=refresh, name="a"),
            settings(recipe="ance", refresh=refresh, name="b"),
        ],
        store,
    )
    assert_same_run(first, second)


def test_runs_in_turns_equal_runs_alone(tmp_path, store, settings):
    from ance_core.runs import Store

    together = train_runs([settings(recipe=r) for r in ("bm25+random", "ance", "in-batch")], store)
    for run in together:
        (alone,) = train_runs([settings(recipe=run.info["recipe"])], Store(tmp_path / "alone", create=True))
        assert_same_run(run, alone)


def test_a_dataset_in_memory_is_masked_as_the_config_says(store, settings):
    """A run whose config withholds labels never trains on them, whichever way its data came."""
    config = settings(recipe="random", steps=2, labels_per_query=1)
    (by_name,) = train_runs([config], store)
    (by_hand,) = train_runs([config], store, dataset=load_dataset("tiny"))
    assert by_hand.info["dataset"] == by_name.info["dataset"]
    assert "hidden" in by_name.info["dataset"]["source"]
    masked = load_dataset("tiny", labels_per_query=1)
    (masked_already,) = train_runs([config], store, dataset=masked)
    assert masked_already.info["dataset"] == by_name.info["dataset"]


def test_all_runs_start_from_one_warm_up_and_see_the_same_queries(store, settings):
    runs = train_runs([settings(recipe=r) for r in ("random", "static-hard", "ance")], store)
    warmups = [run for run in store.runs() if run.info["kind"] == "warmup"]
    assert len(warmups) == 1
    assert {run.info["init"]["run"] for run in runs} == {warmups[0].name}
    starts = [load_file(run.checkpoints()[0] / "model.safetensors") for run in runs]
    warmed = load_file(warmups[0].checkpoints()[5] / "model.safetensors")
    for start in starts:
        for name, tensor in warmed.items():
            np.testing.assert_array_equal(start[name], tensor)
    orders = [run.negatives()[["step", "query", "positive"]].drop_duplicates() for run in runs]
    for other in orders[1:]:
        pd.testing.assert_frame_equal(orders[0].reset_index(drop=True), other.reset_index(drop=True))


def test_another_seed_another_start(store, settings):
    train_runs([settings(recipe="random", seed=0), settings(recipe="random", seed=1)], store)
    assert len([run for run in store.runs() if run.info["kind"] == "warmup"]) == 2


def test_lag_uses_old_negatives_until_their_step(store, settings):
    (run,) = train_runs([settings(recipe="ance", refresh={"mode": "lag", "every": 4, "lag": 3})], store)
    in_use = run.negatives().groupby("step")["index_step"].unique().map(list)
    expected = {s: [0 if s <= 7 else 4 if s <= 11 else 8] for s in range(1, 13)}
    assert in_use.to_dict() == expected
    refreshes = run.refreshes()
    assert refreshes.index_step.tolist() == [0, 4, 8]
    assert refreshes.active_step.tolist() == [0, 7, 11]
    assert np.isnan(refreshes.jaccard[0])
    assert refreshes.jaccard[1:].between(0, 1).all()


def test_static_hard_negatives_are_mined_once(store, settings):
    (run,) = train_runs([settings(recipe="static-hard")], store)
    assert run.refreshes().step.tolist() == [0]
    assert set(run.negatives()["source"]) == {"static"}


def test_queries_without_candidates_train_on_nothing_and_are_counted(store, settings):
    """BM25 finds no shared word for some questions of tiny: no negative, no record, one event that says so."""
    (run,) = train_runs([settings(recipe="bm25")], store)
    (message,) = run.events().query("kind == 'shortage'").message
    short = int(message.split()[0])
    assert message == f"{short} of 24 training queries have fewer than 1 candidates and train on those"
    assert 0 < short < 24
    assert run.negatives()["query"].nunique() == 24 - short


def test_hidden_relevants_may_be_drawn_and_are_known(store, settings):
    """With one label a query, ANCE draws withheld positives, and each such record says so."""
    (run,) = train_runs([settings(recipe="ance", labels_per_query=1)], store)
    dataset = load_dataset("tiny", labels_per_query=1, seed=0)
    hidden = set(zip(dataset.hidden.queries.tolist(), dataset.hidden.docs.tolist(), strict=True))
    negatives = run.negatives()
    truth = [(q, d) in hidden for q, d in zip(negatives["query"], negatives["document"], strict=True)]
    assert negatives["hidden"].tolist() == truth
    assert any(truth)


def test_small_data_lowers_the_batch_and_says_so(store, settings):
    (run,) = train_runs([settings(recipe="random", batch_size=500)], store)
    assert "24 used" in run.events().query("kind == 'batch size'").message.item()


def test_refusals_leave_nothing_behind(store, settings, tmp_path):
    with pytest.raises(ConfigError, match=r"negatives.per_query: 30 asked of sampler 'random'"):
        train_runs([settings(recipe="random", negatives={"per_query": 30})], store)
    with pytest.raises(DataError, match="nowhere"):
        train_runs([settings(recipe="random", data=str(tmp_path / "nowhere"))], store)
    with pytest.raises(ConfigError, match=r"refresh.mode: 'sync' does nothing for recipe 'random'"):
        settings(recipe="random", refresh={"mode": "sync"})
    assert store.runs() == []


def test_a_taken_name_is_refused_and_the_run_untouched(store, settings):
    (run,) = train_runs([settings(recipe="random", name="mine")], store)
    before = run.scalars()
    with pytest.raises(StoreError, match=r"mine.*another --name"):
        train_runs([settings(recipe="ance", name="mine")], store)
    pd.testing.assert_frame_equal(store.run("mine").scalars(), before)
    with pytest.raises(StoreError, match="nothing to resume"):
        resume_run("mine", store)


def test_a_non_finite_loss_stops_the_run_and_saves_the_batch(store, settings, monkeypatch):
    """Weights that overflow: the loss is not finite, the run fails by name, its neighbour goes on."""
    from ance_core.training import step

    real = step.encode_batch

    def poisoned(*args):
        q, d, at = real(*args)
        return q * (float("nan") if poisoned.on else 1.0), d, at

    poisoned.on = False
    monkeypatch.setattr(step, "encode_batch", poisoned)
    train_runs([settings(recipe="random", name="warm-me-up")], store)
    poisoned.on = True
    with pytest.raises(
        TrainingError, match=r"loss: nan at step 1; lower optimizer.learning_rate \(now 0.0012\)"
    ):
        train_runs([settings(recipe="ance", name="bad")], store)
    run = store.run("bad")
    assert run.status().state == "failed"
    assert (run.folder / "failed-batch.json").exists()


def test_changed_data_is_not_resumed(store, settings, tmp_path):
    import shutil
    from importlib.resources import files

    folder = tmp_path / "copy"
    shutil.copytree(str(files("ance_samples") / "tiny"), folder)
    train_runs([settings(recipe="random", data=str(folder), name="run")], store)
    writer = store.resume_run("run")
    writer.finish("stopped")
    corpus = folder / "corpus.jsonl"
    corpus.write_text(corpus.read_text().replace("granite", "marble"))
    with pytest.raises(ConfigError, match="has changed since"):
        resume_run("run", store)
