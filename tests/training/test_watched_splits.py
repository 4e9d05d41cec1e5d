"""Splits beside train, dev and test: evaluated while training where asked for, and always at the end."""

import numpy as np
import pytest

from ance_core.config import RecordConfig
from ance_core.data import load_dataset
from ance_core.errors import ConfigError
from ance_core.experiments.evaluation import evaluate_run
from ance_core.training.problem import Problem
from ance_core.training.session import resume_run, train_runs

from ..data.folders import with_unseen


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return with_unseen(tmp_path_factory.mktemp("data") / "island")


def evaluated(run):
    """Names of the scalars that are measures of a split, with the steps they have."""
    scalars = run.scalars()
    named = scalars[scalars.name.str.endswith("RR@10")]
    return {name: rows.step.tolist() for name, rows in named.groupby("name")}


def test_dev_alone_is_watched_and_all_are_measured_at_the_end(folder, store, settings):
    (run,) = train_runs([settings(recipe="random", data=str(folder))], store)
    assert run.info["config"]["record"]["eval_splits"] == ["dev"]
    assert evaluated(run) == {"dev/RR@10": [0, 5, 10, 12]}
    splits = ["dev", "test", "dev-unseen", "test-unseen"]
    assert list(run.measures()) == splits
    assert set(run.results()) == {*splits, "training"}
    table = run.per_query()
    assert table["split"].unique().tolist() == splits
    data = load_dataset(folder)
    for split, rows in table.groupby("split"):
        labels = data.split(split).labels()
        assert rows["query_id"].tolist() == [data.query_ids[q] for q in labels.queries]
        assert rows["RR@10"].mean() == pytest.approx(run.measures()[split]["RR@10"])
        assert evaluate_run(run, split)[0]["RR@10"] == pytest.approx(run.measures()[split]["RR@10"], abs=1e-6)


def test_others_are_watched_at_the_same_steps_and_change_nothing(folder, store, settings):
    watched = {"eval_splits": ["dev", "dev-unseen"], "eval_queries": 3}
    plain, more = train_runs(
        [
            settings(recipe="ance", data=str(folder), name="plain", record={"eval_queries": 3}),
            settings(recipe="ance", data=str(folder), name="more", record=watched),
        ],
        store,
    )
    assert evaluated(more) == {"dev/RR@10": [0, 5, 10, 12], "dev-unseen/RR@10": [0, 5, 10, 12]}
    what = ["step", "name", "value"]
    same = more.scalars()[lambda rows: ~rows.name.str.startswith("dev-unseen/")]
    assert same[what].reset_index(drop=True).equals(plain.scalars()[what])
    # A fixed sample of its own: what a measure of the whole split with the final weights gives on those queries.
    problem = Problem(data := load_dataset(folder), None, data.split("train").labels())
    sample = problem.eval_labels("dev-unseen", 3)
    assert len(sample) == 3
    ids = {data.query_ids[q] for q in sample.queries}
    table = more.per_query().query("split == 'dev-unseen'")
    expected = table[table.query_id.isin(ids)]["RR@10"].mean()
    last = more.scalars(["dev-unseen/RR@10"]).value.iloc[-1]
    assert last == pytest.approx(expected, abs=1e-6)


def test_the_shared_start_has_the_curves_too_and_stays_the_same(folder, store, settings):
    for watched in (["dev-unseen", "dev"], ["dev"]):
        train_runs([settings(data=str(folder), record={"eval_splits": watched})], store)
    (warmup,) = (run for run in store.runs() if run.info["kind"] == "warmup")
    assert set(evaluated(warmup)) == {"dev/RR@10", "dev-unseen/RR@10"}


def test_a_resumed_run_goes_on_with_its_splits(folder, store, settings):
    config = settings(data=str(folder), record={"eval_splits": ["dev-unseen"]})

    def interrupt(training):
        if training.step == 7 and training.writer.name.startswith("ance"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_runs([config], store, watch=interrupt)
    assert evaluated(resume_run("ance-island-s0", store)) == {"dev-unseen/RR@10": [0, 5, 10, 12]}


def test_an_unknown_split_is_refused_before_any_folder(folder, store, settings):
    config = settings(data=str(folder), record={"eval_splits": ["dev", "unseen"]})
    with pytest.raises(ConfigError) as error:
        train_runs([config], store)
    assert str(error.value) == (
        "record.eval_splits: island has no 'unseen' split with labels; choose from dev, dev-unseen"
    )
    assert list(store.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (["test"], "'test' given, whose queries are asked at the end"),
        (["dev", "test-unseen"], "'test-unseen' given, whose queries are asked at the end"),
        (["train"], "'train' given, whose queries are trained on"),
        (["dev", "dev"], "names a split twice"),
        ([], "record.eval_splits: [] given; name at least 1"),
        ("dev", "record.eval_splits: 'dev' given; it must be a list"),
    ],
)
def test_splits_that_cannot_be_watched(settings, splits, message):
    with pytest.raises(ConfigError) as error:
        settings(record={"eval_splits": splits})
    assert "record.eval_splits: " in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_dev_split_without_labels_is_passed_over():
    data = load_dataset("tiny")
    bare = {name: qrels for name, qrels in data.qrels.items() if name == "train"}
    problem = Problem(
        dataset=type(data)(**{**vars(data), "qrels": bare}), tokens=None, labels=data.split("train").labels()
    )
    assert problem.watched(RecordConfig()) == {}
    assert np.array_equal(problem.labels.queries, data.split("train").labels().queries)
