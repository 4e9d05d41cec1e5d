"""The same-weights probe, from a run to its table, and while a run trains."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from ance_core.config import merge
from ance_core.errors import ConfigError, StoreError
from ance_core.experiments.probe import load_moment, probe_run
from ance_core.experiments.probe_summary import summarise
from ance_core.experiments.variance import variance_of_run
from ance_core.runs import Store, probes
from ance_core.training.session import resume_run, train_runs
from ance_core.training.settings import resolve

from ..training.conftest import SMALL

PROBED = {
    "record": {
        "eval_every": 12,
        "snapshot_every": 0,
        "checkpoint_every": 6,
        "probe_every": 6,
        "probe_queries": 10,
    }
}


def settings(**values):
    return resolve(merge(SMALL, PROBED, values))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("probed") / "runs", create=True)
    train_runs([settings(recipe="ance", name="a"), settings(recipe="in-batch", name="b")], store)
    return store


def test_every_sampler_draws_for_the_same_queries(store):
    frame, step, _ = probe_run(store.run("a"), 6, "all", queries=12)
    assert step == 6
    assert {"random", "in-batch", "bm25", "ance", "simans", "ance-tele", "oracle"} <= set(frame["sampler"])
    asked = set(frame[frame["sampler"] == "random"]["query"])
    assert len(asked) == 12
    for _, group in frame.groupby("sampler"):
        assert set(group["query"]) <= asked
        assert group["query"].is_unique
    assert (frame["total"] > 0).all()
    bands = frame.filter(like=probes.BAND)
    np.testing.assert_allclose(np.sqrt((bands**2).sum(axis=1)), frame["total"], rtol=1e-5)
    pd.testing.assert_frame_equal(probes.read(store.run("a").folder, 6), frame)


def test_norms_are_those_of_a_backward_pass(store):
    frame, _, _ = probe_run(store.run("a"), None, "random,ance", queries=6)
    slow, _, _ = probe_run(store.run("a"), None, "random,ance", queries=6, slow=True)
    np.testing.assert_allclose(frame["total"], slow["total"], rtol=1e-4)


def test_ranks_are_counted_without_the_judged(store):
    frame, step, _ = probe_run(store.run("a"), None, "random,ance", queries=8)
    moment = load_moment(store.run("a"))
    labels, docs = moment.problem.labels, moment.embeddings.documents(step)
    for row in frame.itertuples():
        at = int(np.flatnonzero(labels.queries == row.query)[0])
        judged = labels.docs[labels.indptr[at] : labels.indptr[at + 1]]
        scores = docs @ moment.embeddings.queries(np.array([row.query]))[0]
        others = np.delete(scores, judged)
        assert row.rank == (others > scores[row.document]).sum()
        assert row.positive_rank == (others > scores[row.positive]).sum()
        assert row.document not in judged


def test_probing_in_training_changes_nothing_and_is_dropped_on_resume(store, tmp_path):
    steps = [6, 12]
    assert [s for s in probes.steps(store.run("b").folder) if s] == steps
    found = probes.read(store.run("b").folder, 12)
    assert set(found["sampler"]) == {"random", "in-batch"}
    assert len(found) == 20
    other = Store(tmp_path / "runs", create=True)
    train_runs([settings(recipe="in-batch", name="b", record={"probe_every": 0})], other)
    assert not probes.steps(other.run("b").folder)
    weights = [s.run("b").checkpoints()[12] / "model.safetensors" for s in (store, other)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_a_resumed_run_forgets_later_probes(tmp_path):
    store = Store(tmp_path / "runs", create=True)

    def stop(training):
        if training.config.recipe == "bm25" and training.step == 8 and training.config.name == "c":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_runs([settings(recipe="bm25", name="c")], store, watch=stop)
    run = store.run("c")
    probes.write(run.folder, 9, probes.read(run.folder, 6))
    resume_run("c", store)
    assert probes.steps(run.folder) == [0, 6, 12]


def test_summary_compares_with_random_on_the_same_queries():
    frame = pd.DataFrame(
        {
            "sampler": ["random"] * 3 + ["ance"] * 2,
            "query": [1, 2, 3, 1, 2],
            "score": 0.0,
            "positive_score": 1.0,
            "loss": 0.5,
            "rank": 4,
            "hidden": False,
            "output": 1.0,
            "total": [1.0, 3.0, 100.0, 6.0, 6.0],
            "band/head": [1.0, 3.0, 100.0, 6.0, 6.0],
        }
    )
    random, ance = summarise(frame)
    assert random["norm"]["total"]["median"] == 3.0
    assert ance["ratio_to_random"]["ratio"] == pytest.approx(12 / 4)
    assert ance["ratio_to_random"]["low"] <= 3 <= ance["ratio_to_random"]["high"]
    assert ance["difficulty"] == -1


def test_variance_is_ordered_and_kept(store):
    found = variance_of_run(store.run("a"), None, "all", 3)
    by_name = {row["sampler"]: row for row in found["samplers"]}
    assert found["ordered"]
    assert 1 <= by_name["p ~ output norm"]["weighted"] <= by_name["random"]["weighted"]
    assert by_name["random"]["bias"] == pytest.approx(0, abs=1e-3)
    assert by_name["random"]["weighted"] == pytest.approx(found["uniform"], rel=1e-4)
    assert by_name["bm25"]["weighted"] is None
    assert probes.read_variance(store.run("a").folder, 12) == json.loads(json.dumps(found))


def test_variance_says_which_sampler_could_not_take_part(store):
    train_runs([settings(recipe="random", name="deep", negatives={"pool_depth": 200})], store)
    found = variance_of_run(store.run("deep"), None, "random,ance-tele", 2)
    assert [row["sampler"] for row in found["samplers"]] == ["random", "p ~ loss", "p ~ output norm"]
    (note,) = found["notes"]
    assert note.startswith("ance-tele is left out: negatives.pool_depth:")
    with pytest.raises(ConfigError, match=r"negatives\.pool_depth"):
        variance_of_run(store.run("deep"), None, "ance-tele", 2)


@pytest.mark.parametrize(
    ("step", "samplers", "message"),
    [
        (7, "all", "run 'a' has no checkpoint at step 7; it has 0, 6, 12"),
        (6, "anc", "samplers: 'anc' draws no negatives; did you mean 'ance'"),
        (6, "adore", "samplers: 'adore' draws no negatives"),
    ],
)
def test_what_cannot_be_probed(store, step, samplers, message):
    with pytest.raises(ConfigError, match=message):
        probe_run(store.run("a"), step, samplers)


def test_a_run_without_checkpoint_or_probe(store, tmp_path):
    import shutil

    run = store.run("b")
    copy = tmp_path / "runs" / "bare"
    shutil.copytree(run.folder, copy)
    shutil.rmtree(copy / "checkpoints")
    bare = Store(tmp_path / "runs").run("bare")
    with pytest.raises(ConfigError, match="run 'bare' has no checkpoint yet"):
        probe_run(bare)
    with pytest.raises(StoreError, match="no probe at step 5: there are: 0, 6, 12"):
        probes.read(copy, 5)
    (copy / "probes" / "step-00000006.parquet").write_bytes(b"cut off")
    with pytest.raises(StoreError, match="delete it and probe again"):
        probes.read(copy, 6)


def test_weights_that_are_no_numbers(store, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    copy = tmp_path / "runs" / "nan"
    shutil.copytree(store.run("b").folder, copy)
    path = copy / "checkpoints" / "step-00000012" / "model.safetensors"
    weights = load_file(path)
    weights["query_tower.head.norm.bias"][0] = torch.nan
    save_file(weights, path)
    with pytest.raises(
        ConfigError, match=r"'query_tower\.head\.norm\.bias' holds values that are not finite"
    ):
        probe_run(Store(tmp_path / "runs").run("nan"), None, "random")


def test_a_frozen_tower_is_said(store):
    train_runs([settings(recipe="adore", name="d", start="a")], store)
    frame, _, notes = probe_run(store.run("d"), None, "random", queries=6)
    assert any("frozen and count zero" in note for note in notes)
    assert (frame["total"] > 0).all()


def test_from_the_prompt(store, ance):
    done = ance(
        "probe",
        "a",
        "--runs",
        store.folder,
        "--samplers",
        "random,ance",
        "--queries",
        8,
        "--variance",
        2,
        "--json",
    )
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert [row["sampler"] for row in found["samplers"]] == ["random", "ance"]
    assert found["variance"]["queries"] == 2
    assert 0 < found["rank_correlation"] <= 1
    text = ance("probe", "a", "--runs", store.folder, "--samplers", "random,ance", "--queries", 8)
    assert "over random" in text.out
    assert (
        f"rank correlation of the norm at the output with that over all parameters: {found['rank_correlation']:.3f}"
        in (text.out)
    )
    wrong = ance("probe", "a", "--runs", store.folder, "--at", 99)
    assert wrong.code == 1
    assert wrong.err.startswith("ance: probe: run 'a' has no checkpoint at step 99")
