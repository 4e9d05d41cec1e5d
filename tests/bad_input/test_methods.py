"""Methods asked for what they cannot do: refused in one line that names the remedy, before a folder is made."""

import json
import shutil

import pytest


def test_a_fork_of_a_step_that_was_not_kept(refused):
    message = refused("fork", "good", "--at", 7)
    assert message == "fork: run 'good' has no checkpoint at step '7'; it has 0, 5, 10, 12"


def test_adore_without_a_run_to_take_the_documents_from(refused, runs):
    """Its index is made from a checkpoint's weights, so that is what must be there."""
    shutil.rmtree(runs / "good" / "checkpoints")
    message = refused("train", "--recipe", "adore", "--start", "good")
    assert message == "start: run 'good' has no checkpoint yet; let it train on, or choose another run"
    assert refused("train", "--recipe", "adore", "--start", "gone").startswith("run 'gone': not in ")


def test_dance_where_one_document_answers_every_query(refused, tmp_path):
    folder = tmp_path / "cluster"
    (folder / "qrels").mkdir(parents=True)
    corpus = [{"_id": f"d{i}", "text": f"passage number {i} of twelve"} for i in range(12)]
    queries = [{"_id": f"q{i}", "text": f"question {i} about a thing"} for i in range(20)]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    judged = "\n".join(f"q{i}\td0\t1" for i in range(20))
    (folder / "qrels" / "train.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}\n")
    message = refused("train", "--data", folder, "--recipe", "dance")
    assert message.startswith("method.dual_weight: document 'd0' leaves 0 of ")
    assert message.endswith("add queries, or set method.dual_weight to 0")


MISFITS = [
    (
        ("adore", "--preset", "authors_code", "--set", "encoder.towers=shared"),
        "encoder.towers: 'shared' leaves recipe 'adore' nothing to train, since documents stay as they are; set it to "
        "'untied'",
    ),
    (
        ("dance", "--preset", "norm", "--set", "encoder.max_passages=2"),
        "encoder.max_passages: 2 does not go with recipe 'dance', which needs one vector a document; set it to 1, or "
        "choose a recipe such as 'ance'",
    ),
    (("dance", "--preset", "nrm"), "preset: recipe 'dance' has no preset 'nrm'; did you mean 'norm'?"),
    (
        ("ance", "--preset", "maxp", "--set", "encoder.max_passages=5"),
        "encoder.max_passages: 5 given; it must be at most 4 (default 1)",
    ),
]


@pytest.mark.parametrize(("words", "message"), MISFITS, ids=lambda value: None)
def test_a_preset_on_an_encoder_it_cannot_fit(refused, words, message):
    assert refused("train", "--recipe", *words) == message


def test_weights_of_two_towers_for_one(refused, ance, runs, settings_file):
    assert (
        ance("train", "--recipe", "adore", "--name", "two", "--config", settings_file, "--runs", runs).code
        == 0
    )
    for words in (
        ("fork", "two", "--at", 5, "--recipe", "ance"),
        ("train", "--recipe", "ance", "--start", "two"),
    ):
        message = refused(*words)
        assert "run 'two' has a tower for queries and one for documents" in message
        assert message.endswith("set encoder.towers to 'untied'")


RANGES = [
    ("simans", "a", 0, "it must be above 0"),
    ("simans", "a", "-1", "it must be above 0"),
    ("simans", "a", ".inf", "it must be a finite number"),
    ("simans", "b", ".nan", "it must be a finite number"),
    ("simans", "b", ".inf", "it must be a finite number"),
    ("simans", "tau", 0, "it must be above 0"),
    ("star", "alpha", -0.5, "it must be at least 0"),
    ("ance-tele", "alpha", -0.5, "it must be at least 0"),
    ("ance-tele", "beta", -0.5, "it must be at least 0"),
    ("ance-tele", "beta", ".inf", "it must be a finite number"),
    ("dance", "dual_weight", -1, "it must be at least 0"),
    ("adore", "metric_cut", 0, "it must be at least 1"),
]


@pytest.mark.parametrize(("recipe", "name", "value", "remedy"), RANGES)
def test_a_parameter_out_of_range(refused, recipe, name, value, remedy):
    message = refused("train", "--recipe", recipe, "--set", f"method.{name}={value}")
    assert message.startswith(f"method.{name}: ")
    assert f"given; {remedy}" in message


def test_teleport_beyond_the_corpus(refused):
    message = refused("train", "--recipe", "ance-tele", "--set", "negatives.pool_depth=500")
    assert message.startswith(
        "negatives.pool_depth: each source is to bring 500 candidates, but some training query has"
    )
    assert message.endswith("lower negatives.pool_depth to at most 22")
