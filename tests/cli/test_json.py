"""`--json`: one JSON object on standard output, nothing else there, and nothing on standard error."""

import json

import pytest

from ..terminal import process

COMMANDS = {
    "data list": [],
    "data check": ["tiny"],
    "data show": ["tiny"],
    "data build": ["tiny"],
    "runs list": ["--runs", "RUNS"],
    "runs show": ["ance-a", "--runs", "RUNS"],
    "eval": ["ance-a", "--runs", "RUNS"],
    "compare": ["ance-a", "random-a", "--runs", "RUNS"],
    "search": ["ance-a", "who keeps the light", "--runs", "RUNS"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_one_object_and_silence(ance, trained, command):
    words = [str(trained) if word == "RUNS" else word for word in COMMANDS[command]]
    done = ance(*command.split(), *words, "--json")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("\n") == 1
    value = json.loads(done.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert isinstance(value, dict)
    assert value


@pytest.mark.parametrize("command", COMMANDS)
def test_for_people_the_answer_is_on_standard_output_too(ance, trained, command):
    words = [str(trained) if word == "RUNS" else word for word in COMMANDS[command]]
    done = ance(*command.split(), *words)
    assert done.code == 0
    assert done.out.strip()
    assert "Warning" not in done.err


def test_training_a_transformer_in_a_process_of_its_own(tmp_path):
    """Where libraries greet, count and warn: none of it reaches either stream."""
    small = ["encoder.width=16", "encoder.layers=1", "encoder.vocab_size=400", "record.snapshot_every=0"]
    settings = [word for setting in small for word in ("--set", setting)]
    words = [
        "train",
        "--data",
        "tiny",
        "--encoder",
        "mini",
        "--steps",
        3,
        "--warmup-steps",
        2,
        "--json",
        *settings,
    ]
    done = process(*words, "--runs", tmp_path / "runs", ANCE_DEBUG="")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("\n") == 1
    value = json.loads(done.out)
    assert value["state"] == "finished"
    assert (value["steps"], value["run"]) == (3, "ance-tiny-s0")
    assert {"RR@10", "nDCG@10", "R@100", "Success@1"} == set(value["test"]) == set(value["dev"])
    assert (tmp_path / "runs" / "ance-tiny-s0" / "model" / "modules.json").is_file()
