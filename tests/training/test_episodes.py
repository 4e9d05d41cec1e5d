"""ANCE-Tele as a run: episodes that go on or start over, stopped anywhere, forked, refused."""

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from ance_core.data import load_dataset
from ance_core.data.tokens import tokenized
from ance_core.encoders import encode_corpus, load_model
from ance_core.errors import ConfigError, StoreError
from ance_core.samplers import SOURCES
from ance_core.samplers.pool_files import read_pools
from ance_core.training.episodes import Episodes
from ance_core.training.session import resume_run, train_runs
from ance_core.training.settings import resolve
from ance_core.training.start import fork_settings

from .test_session import assert_same_run

EVERY_4 = {"mode": "sync", "every": 4}
RESTART = {
    "recipe": "ance-tele",
    "refresh": EVERY_4,
    "method": {"restart": True},
    "negatives": {"per_query": 2},
    "record": {"checkpoint_every": 2, "negatives_per_query": 50},
}


def episodes_of(run):
    return run.events().query("kind == 'episode'")


def test_episode_places_by_hand(settings):
    def places(**values):
        episodes = Episodes.of(settings(recipe="ance-tele", **values))
        return [episodes.place(step) for step in range(12)]

    whole = [(step, 12) for step in range(12)]
    assert places(refresh=EVERY_4) == whole
    assert places(refresh=EVERY_4, method={"restart": True}) == [(s % 4, 4) for s in range(12)]
    lag = {"mode": "lag", "every": 5, "lag": 2}  # new pools at 7; those of 10 would come at 12, after the end
    expected = [(s, 7) for s in range(7)] + [(s, 5) for s in range(5)]
    assert places(refresh=lag, method={"restart": True}) == expected
    replay = {"mode": "replay", "schedule": [(2, 3)]}
    expected = [(s, 3) for s in range(3)] + [(s, 9) for s in range(9)]
    assert places(refresh=replay, method={"restart": True}) == expected


def test_sources_travel_through_the_episodes(store, settings):
    (run,) = train_runs([settings(**{**RESTART, "method": {}})], store)
    assert run.refreshes().step.tolist() == [0, 4, 8]
    sources = run.negatives().groupby("step")["source"].unique().map(set)
    assert not any("momentum" in sources[step] for step in range(1, 5))
    drawn = set().union(*sources)
    assert drawn <= {"ann", "lookahead", "momentum", "in-batch"}
    assert {"ann", "lookahead", "in-batch"} <= drawn
    pools = [read_pools(run.folder / "pools", step)["own"] for step in (0, 4, 8)]
    for before, pool in zip([None, *pools], pools, strict=False):
        assert pool.docs.shape[1] == 30
        mass = np.exp(pool.log_weights.astype(np.float64)).sum(axis=1)
        np.testing.assert_allclose(mass, 1.5 if before is None else 2.0, rtol=1e-5)
        momentum = (pool.sources == SOURCES.index("momentum")) & (pool.docs >= 0)
        assert momentum.any() == (before is not None)
        for row in np.flatnonzero(momentum.any(axis=1)):
            assert set(pool.docs[row][momentum[row]]) <= set(before.docs[row])
    assert len(episodes_of(run)) == 0


def test_a_restart_begins_from_the_starts_weights_and_a_fresh_schedule(store, settings):
    (run,) = train_runs([settings(**RESTART)], store)
    events = episodes_of(run)
    assert events.step.tolist() == [5, 9]
    assert events.message.str.contains("weights of step 0").all()
    rates = run.scalars(["lr"]).value.to_numpy()
    np.testing.assert_array_equal(rates[:4], rates[4:8])
    np.testing.assert_array_equal(rates[:4], rates[8:])

    (warmup,) = [r for r in store.runs() if r.info["kind"] == "warmup"]
    model, _ = load_model(warmup.folder / "model")
    tokens = tokenized(load_dataset("tiny"), encoder=settings().encoder)
    docs = encode_corpus(model, tokens.docs, None, "document", autocast=False)
    queries = encode_corpus(model, tokens.queries, None, "query", autocast=False)
    negatives = run.negatives()
    expected = model.scale * (queries[negatives["query"]] * docs[negatives["positive"]]).sum(axis=1)
    at_start = np.isclose(expected, negatives["positive_score"], rtol=1e-4, atol=1e-5)
    for step in (1, 5, 9):
        assert at_start[negatives["step"] == step].all()
    for step in (2, 4, 6, 8, 12):
        assert not at_start[negatives["step"] == step].all()


def test_a_fresh_optimizer(store, settings):
    """AdamW counts its steps: after a restart from 1 again."""
    (run,) = train_runs([settings(**RESTART)], store)
    counts = {}
    for step, folder in run.checkpoints().items():
        moments = load_file(folder / "optimizer.safetensors")
        counts[step] = {float(value) for key, value in moments.items() if key.startswith("step/")}
    assert counts == {0: set(), 2: {2}, 4: {4}, 6: {2}, 8: {4}, 10: {2}, 12: {4}}


LAG = {"mode": "lag", "every": 4, "lag": 3}


@pytest.mark.parametrize(("refresh", "at"), [(EVERY_4, 4), (EVERY_4, 7), (LAG, 8), (LAG, 11)])
def test_interrupted_anywhere_it_ends_as_if_it_never_was(at, refresh, tmp_path, store, settings):
    """At 4 the checkpoint lies on the border of two episodes, before the restart; at 8 pools wait for step 11."""
    from ance_core.runs import Store

    values = {**RESTART, "refresh": refresh, "name": "it"}
    (whole,) = train_runs([settings(**values)], Store(tmp_path / "whole", create=True))

    def interrupt(training):
        if training.writer.name == "it" and training.step == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_runs([settings(**values)], store, watch=interrupt)
    assert store.run("it").status().state == "stopped"
    resumed = resume_run("it", store)
    assert_same_run(whole, resumed)
    what = ["step", "message"]
    pd.testing.assert_frame_equal(
        episodes_of(whole)[what].reset_index(drop=True), episodes_of(resumed)[what].reset_index(drop=True)
    )


def test_a_fork_repeats_its_parents_episodes_and_needs_it_no_more(store, settings):
    (parent,) = train_runs([settings(**RESTART, name="parent")], store)
    config = resolve(fork_settings(parent, 6, None, {"name": "child"}))

    def stop(training):
        training.control.stopped |= training.step == 7

    train_runs([config], store, watch=stop)
    weights = {step: load_file(path / "model.safetensors") for step, path in parent.checkpoints().items()}
    scalars = parent.scalars(after_step=6)[["step", "name", "value"]].reset_index(drop=True)
    store.delete("parent")
    child = resume_run("child", store)
    for name, tensor in load_file(child.checkpoints()[12] / "model.safetensors").items():
        np.testing.assert_array_equal(tensor, weights[12][name])
    pd.testing.assert_frame_equal(
        child.scalars(after_step=6)[["step", "name", "value"]].reset_index(drop=True), scalars
    )


def test_a_fork_of_another_method_begins_its_episodes_at_the_fork(store, settings):
    (parent,) = train_runs([settings(recipe="random", name="parent")], store)
    changes = {"refresh": EVERY_4, "method": {"restart": True}, "name": "child"}
    (child,) = train_runs([resolve(fork_settings(parent, 5, "ance-tele", changes))], store)
    assert episodes_of(child).step.tolist() == [9]
    assert "weights of step 5" in episodes_of(child).message.item()


def test_a_fork_without_its_start_says_so(store, settings):
    import shutil

    (parent,) = train_runs([settings(**RESTART, name="parent")], store)
    shutil.rmtree(parent.checkpoints()[0])
    with pytest.raises(StoreError, match=r"missing, so a fork cannot begin.*method.restart to false"):
        train_runs([resolve(fork_settings(parent, 6, None, {}))], store)


@pytest.mark.parametrize("chunks", [1, 3])
def test_a_part_of_the_queries_renewed_at_a_time(chunks, store, settings):
    values = {**RESTART, "method": {}, "refresh": {**EVERY_4, "chunks": chunks}}
    first, second = train_runs([settings(**values, name=name) for name in "ab"], store)
    assert_same_run(first, second)
    pools = [read_pools(first.folder / "pools", step)["own"] for step in (0, 4)]
    momentum = (pools[1].sources == SOURCES.index("momentum")) & (pools[1].docs >= 0)
    assert 0 < momentum.any(axis=1).sum() <= 24 / chunks
    renewed = pools[1].index_step == 4
    assert renewed.sum() == 24 / chunks
    np.testing.assert_array_equal(pools[1].log_weights[~renewed], pools[0].log_weights[~renewed])


@pytest.mark.parametrize("preset", ["paper", "authors_code"])
def test_presets_train(preset, store, settings):
    small = {"negatives": {"per_query": 3, "pool_depth": 10}, "refresh": EVERY_4}
    (run,) = train_runs([settings(recipe="ance-tele", preset=preset, **small)], store)
    assert run.info["config"]["batch_size"] == 8
    assert len(episodes_of(run)) == (2 if preset == "authors_code" else 0)


def test_the_control_draws_from_the_models_own_ranking_alone(store, settings):
    """Preset `plain`: pools of each refresh hold what `ance` would mine, evenly weighed; `ance-tele` has other sources."""
    small = {"negatives": {"pool_depth": 6}, "refresh": EVERY_4}
    for preset, sources in (("plain", {"ann"}), (None, {"ann", "lookahead", "momentum"})):
        (run,) = train_runs([settings(recipe="ance-tele", preset=preset, **small)], store)
        pool = read_pools(run.folder / "pools", 4)["own"]
        filled = pool.docs >= 0
        assert {SOURCES[code] for code in pool.sources[filled]} == sources
        if preset:
            assert filled.sum(axis=1).tolist() == [6] * len(pool.docs)
            assert set(pool.log_weights[filled].tolist()) == {np.float32(np.log(np.float32(1 / 6)))}


def test_refusals_name_field_value_and_remedy(store, settings):
    with pytest.raises(ConfigError, match=r"negatives.pool_depth: each source is to bring 200.*at most \d+"):
        train_runs([settings(recipe="ance-tele", negatives={"pool_depth": 200})], store)
    with pytest.raises(ConfigError, match=r"method.restart: with refresh.mode 'none' .* set refresh.mode to"):
        train_runs([settings(recipe="ance-tele", refresh={"mode": "none"}, method={"restart": True})], store)
    for name in ("alpha", "beta"):
        for value in (-0.1, float("inf"), float("nan")):
            with pytest.raises(ConfigError, match=f"method.{name}: "):
                settings(recipe="ance-tele", method={name: value})
    with pytest.raises(ConfigError, match=r"method.beta: no parameter of recipe 'star'"):
        settings(recipe="star", method={"beta": 0.5})
    assert store.runs() == []
