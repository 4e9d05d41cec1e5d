"""The notebook's ten lines, and what they answer to a slip."""

import numpy as np
import pytest

import ance_core as ance
from ance_core.errors import AnceError, ConfigError

from .training.conftest import SMALL

REST = {name: value for name, value in SMALL.items() if name != "data"}


@pytest.fixture(scope="module")
def data():
    return ance.load_dataset("tiny")


@pytest.fixture(scope="module")
def runs(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("notebook") / "runs"
    names = ("random", "ance", "ance")
    return [ance.train(data, recipe=r, runs=folder, seed=s, **REST) for s, r in enumerate(names)]


def test_metrics_are_tidy(runs):
    frame = ance.metrics(runs)
    assert list(frame.columns) == ["run", "recipe", "seed", "step", "name", "value", "seconds", "examples"]
    assert frame.groupby("run").first()[["recipe", "seed"]].to_dict("index") == {
        "random-tiny-s0": {"recipe": "random", "seed": 0},
        "ance-tiny-s1": {"recipe": "ance", "seed": 1},
        "ance-tiny-s2": {"recipe": "ance", "seed": 2},
    }
    assert not frame.duplicated(["run", "step", "name"]).any()
    loss = ance.metrics(runs[0], "loss")
    assert loss.step.tolist() == list(range(1, 13))
    assert set(ance.metrics(runs, ["loss", "dev/RR@10"]).name) == {"loss", "dev/RR@10"}


def test_negatives_stand_beside_ids_and_texts(runs, data):
    frame = ance.negatives(runs, data)
    assert len(frame) == sum(len(run.negatives()) for run in runs)
    row = frame.iloc[-1]
    assert row.query_text == data.queries[row["query"]]
    assert row.document_id == data.doc_ids[row["document"]]
    judged = data.qrels["train"].relevant()
    labels = {(data.query_ids[q], data.doc_ids[d]) for q, d in zip(judged.queries, judged.docs, strict=True)}
    assert set(zip(frame.query_id, frame.positive_id, strict=True)) <= labels
    assert not set(zip(frame.query_id, frame.document_id, strict=True)) & labels
    narrow = ance.negatives(runs[1], data, columns=["step", "document"], filter=[("step", "==", 3)])
    assert list(narrow.columns) == [
        "run",
        "recipe",
        "seed",
        "step",
        "document",
        "document_id",
        "document_text",
    ]
    assert len(narrow) == 8
    assert "query_text" not in ance.negatives(runs[0])


def test_plot_has_a_line_a_run_and_a_colour_a_recipe(runs):
    from ance_app.theme import look

    figure = ance.plot(runs, "dev/RR@10")
    assert figure.layout.xaxis.title.text == "step (updates)"
    assert figure.layout.yaxis.title.text == "dev/RR@10"
    assert sorted((line.name, line.line.color) for line in figure.data) == [
        ("ance", look("ance").color),
        ("ance", look("ance").color),
        ("random", look("random").color),
    ]
    values = ance.metrics(runs[0], "dev/RR@10").value
    (random_line,) = (line for line in figure.data if line.name == "random")
    np.testing.assert_array_equal(random_line.y, values)


def test_labels_per_query_masks_a_dataset_in_memory(tmp_path, data):
    run = ance.train(
        data, "ance", runs=tmp_path / "runs", labels_per_query=1, **{**REST, "encoder": "static"}
    )
    by_name = ance.load_dataset("tiny", labels_per_query=1, seed=0)
    assert run.info["dataset"]["fingerprint"] == by_name.fingerprint
    frame = ance.negatives(run, data)  # rows are those of the dataset, masked or not
    assert frame.hidden.any()
    assert ance.negatives(run, by_name).equals(frame)


def test_a_slip_is_one_line(runs, data, tmp_path):
    slips = {
        "recipe: no method is called 'anse'; did you mean 'ance'?": lambda: ance.train(
            data, "anse", runs=tmp_path
        ),
        "step: no such setting; did you mean 'steps'?": lambda: ance.train(data, step=5, runs=tmp_path),
        "name: 'los' is not logged in random-tiny-s0; did you mean 'loss'?": lambda: ance.plot(
            runs[0], "los"
        ),
        "runs: 'r' given; pass a run or a list of runs, as from train() or Store(...).runs()": lambda: (
            ance.metrics("r")
        ),
        "runs: an empty list given; pass a run or a list of runs, as from train() or Store(...).runs()": lambda: (
            ance.negatives([])
        ),
    }
    for message, slip in slips.items():
        with pytest.raises(ConfigError) as error:
            slip()
        assert str(error.value) == message
    assert list(tmp_path.iterdir()) == []


def test_another_dataset_is_refused(runs, data, tmp_path):
    lines = "".join(f"question {i},passage {i}\n" for i in range(40))
    (tmp_path / "pairs.csv").write_text("query,passage\n" + lines)
    other = ance.load_dataset(tmp_path / "pairs.csv")
    with pytest.raises(
        AnceError, match=r"dataset: pairs.csv \(\w+\) is not what run 'random-tiny-s0' was trained on"
    ):
        ance.negatives(runs[0], other)
