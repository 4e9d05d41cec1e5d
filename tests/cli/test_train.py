"""What `ance train` makes of its flags, of --set and of a settings file."""

# ruff: noqa: E501 - a table reads best with a case a line

import json

import pytest
import yaml

from ance_core.runs import Store

from ..terminal import refusal, tree


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


def test_a_flag_wins_over_set_and_set_over_the_file(ance, runs, tmp_path, settings_file):
    values = json.loads(settings_file.read_text())
    values |= {
        "steps": 2,
        "seed": 3,
        "labels_per_query": 1,
        "batch_size": 4,
        "recipe": "random",
        "name": "file",
    }
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(values))
    done = ance(
        *(
            "train",
            "--config",
            path,
            "--set",
            "seed=5",
            "--set",
            "batch_size=6",
            "--set",
            "seed=4",
            "--steps",
            1,
        ),
        *("--set", "steps=9", "--lr", "1e-3", "--name", "flag", "--runs", runs, "--json"),
    )
    assert done.code == 0, done.err
    config = Store(runs).run("flag").info["config"]
    said = {name: config[name] for name in ("steps", "seed", "labels_per_query", "batch_size", "recipe")} | {
        "data": config["data"]["name"]
    }
    assert said == {
        "steps": 1,
        "seed": 4,
        "labels_per_query": 1,
        "batch_size": 6,
        "recipe": "random",
        "data": "tiny",
    }
    assert config["optimizer"]["learning_rate"] == 1e-3
    assert config["encoder"]["dim"] == 16
    assert json.loads(done.out)["folder"] == str((runs / "flag").resolve())


def test_recipe_defaults_come_last_but_before_the_models(ance, runs, settings_file):
    words = ("train", "--config", settings_file, "--steps", 1, "--warmup", "none", "--runs", runs)
    assert ance(*words, "--recipe", "ance").code == 0
    assert ance(*words, "--recipe", "ance", "--lag", 7).code == 0
    first, second = (run.info["config"]["refresh"] for run in Store(runs).runs())
    assert (first["mode"], first["every"]) == ("sync", 100)
    assert (second["mode"], second["lag"]) == ("lag", 7)
    assert [run.name for run in Store(runs).runs()] == ["ance-tiny-s0", "ance-tiny-s0-2"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--recipe", "anse"], "recipe: no method is called 'anse'; did you mean 'ance'?"),
        (["--set", "encoder.dims=4"], "encoder.dims: no such setting; did you mean 'dim'?"),
        (["--set", "encoder"], "--set: 'encoder' is not KEY=VALUE; write for example --set encoder.dim=64"),
        (["--set", "a..b=1"], "--set: 'a..b=1' is not KEY=VALUE; write for example --set encoder.dim=64"),
        (["--set", "name=["], "--set: the value of 'name=[' is not YAML; put it in quotes: 'name=\"...\"'"),
        (["--encoder", "big"], "encoder.kind: 'big' given; it must be one of static, mini, hf (default static)"),
        (["--steps", "0"], "steps: 0 given; it must be at least 1 (default 600)"),
        (["--lr", "nan"], "optimizer.learning_rate: nan given; it must be a finite number"),
        (["--labels-per-query", "0"], "labels_per_query: '0' given; it must be at least 1"),
        (["--labels-per-query", "few"], "labels_per_query: 'few' given; it must be a whole number, or all"),
        (["--set", "record.eval_splits=[unseen]"], "record.eval_splits: tiny has no 'unseen' split with labels; choose from dev"),
        (["--name", "a/b"], "run name 'a/b': 1 to 80 letters, digits, '.', '_' or '-', not starting with '.', are allowed"),
        (["--config", "absent.yaml"], "absent.yaml: cannot be read (No such file or directory); check --config"),
        (["--resume", "x", "--steps", "3"], "--resume: goes on with the settings of 'x'; leave out steps, or train a new run"),
        (["--data", "tinny"], "tinny: no such dataset, folder or file; did you mean 'tiny'?"),
        (["--recipe", "random", "--lag", "3"], "refresh.mode: 'lag' does nothing for recipe 'random'"),
    ],
)  # fmt: skip
def test_refusals_come_before_any_folder(ance, runs, words, message):
    data = [] if "--data" in words or "--resume" in words else ["--data", "tiny"]
    done = ance("train", *data, *words, "--runs", runs)
    if "--resume" not in words:
        assert refusal(done).startswith(message)
        assert not runs.exists()
    else:
        assert refusal(done) == message


def test_resume_of_nothing_offers_names(ance, copied):
    before = tree(copied)
    assert refusal(ance("train", "--resume", "ance-b", "--runs", copied)) == (
        f"run 'ance-b': not in {copied}; did you mean 'ance-a'?"
    )
    message = refusal(ance("train", "--resume", "ance-a", "--runs", copied))
    assert message == "run 'ance-a': finished at step 12; there is nothing to resume: train a new --name"
    assert tree(copied) == before
