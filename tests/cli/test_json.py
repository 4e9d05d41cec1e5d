"""`--json`: one JSON object on standard output, nothing else there, and nothing on standard error."""

import json

import pytest

from ance_core.config import RunConfig, merge
from ance_core.training.settings import resolve

from ..terminal import process

COMMANDS = {
    "data list": [],
    "recipes list": [],
    "recipes show": ["dance"],
    "data check": ["tiny"],
    "data show": ["tiny"],
    "data build": ["tiny"],
    "runs list": ["--runs", "RUNS"],
    "runs show": ["ance-a", "--runs", "RUNS"],
    "eval": ["ance-a", "--runs", "RUNS"],
    "compare": ["ance-a", "random-a", "--runs", "RUNS"],
    "probe": ["ance-a", "--runs", "RUNS", "--samplers", "random,ance", "--queries", "4"],
    "geometry": ["ance-a", "--runs", "RUNS"],
    "explain": ["ance-a", "q01", "--runs", "RUNS"],
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


def test_the_catalogue_of_methods_is_enough_to_run_them(ance):
    """What a script needs: names, presets that `ance train` accepts, parameters under the names of `--set`."""
    catalogue = json.loads(ance("recipes", "list", "--json").out)
    assert set(catalogue) == {"recipes", "common", "not_reproduced"}
    for recipe in catalogue["recipes"]:
        assert json.loads(ance("recipes", "show", recipe["name"], "--json").out) == recipe
        for preset in (None, *recipe["presets"]):
            settings = {} if preset is None else recipe["presets"][preset]["settings"]
            resolved = resolve({"recipe": recipe["name"], "preset": preset}).model_dump(mode="json")
            for group, values in settings.items():
                assert merge(resolved, {group: values}) == resolved
        for parameter in recipe["parameters"]:
            assert {"name", "setting", "paper", "code", "here", "where"} == set(parameter)
        for setting, meaning in recipe["settings"].items():
            group, name = setting.split(".")
            assert name in RunConfig().model_dump()[group]
            assert meaning
