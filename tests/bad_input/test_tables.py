"""Pretrained token tables from the command line: one trains and is used; half of one is refused before a folder is made."""

import json
import shutil

import pytest

from ..tables import WIDTH, model2vec, static_embedding
from ..terminal import refusal, tree


def train(encoder, *more):
    steps = ("--steps", 3, "--warmup-steps", 2, "--threads", 1, "--batch-size", 4)
    return ("train", "--data", "tiny", "--encoder", encoder, *steps, *more)


@pytest.mark.parametrize("make", [model2vec, static_embedding])
def test_a_whole_one_trains_and_is_used(ance, tmp_path, make):
    folder, runs = make(tmp_path / "table"), tmp_path / "runs"
    done = ance(*train(f"static:{folder}"), "--runs", runs, "--json")
    assert (done.code, done.err) == (0, "")
    name = json.loads(done.out)["run"]
    config = json.loads((runs / name / "run.json").read_text())["config"]
    assert config["encoder"]["model"] == str(folder)
    assert (config["encoder"]["kind"], config["encoder"]["width"]) == ("static", WIDTH)
    for words in (
        ("search", name, "bell"),
        ("eval", name),
        ("probe", name, "--samplers", "random", "--queries", 4),
        ("geometry", name),
        ("fork", name, "--at", 0, "--recipe", "random"),
    ):
        done = ance(*words, "--runs", runs, "--json")
        assert (done.code, done.err) == (0, ""), words


def without_tokenizer(folder):
    (folder / "tokenizer.json").unlink()


def without_table(folder):
    (folder / "model.safetensors").unlink()


def cut_short(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:500])


def absent(folder):
    shutil.rmtree(folder)


BAD = {
    without_tokenizer: "encoder.model: {}: no tokenizer.json beside its model.safetensors",
    without_table: "encoder.model: {}: no model.safetensors in {}",
    cut_short: "encoder.model: {}: model.safetensors cannot be read",
    absent: "encoder.model: {}: no such folder; 'static' reads",
}


@pytest.mark.parametrize("damage", BAD, ids=lambda damage: damage.__name__)
def test_half_a_table_is_refused(ance, runs, tmp_path, damage):
    folder = model2vec(tmp_path / "half")
    damage(folder)
    before = tree(runs)
    message = refusal(ance(*train(f"static:{folder}"), "--runs", runs))
    assert message.startswith(BAD[damage].format(folder, folder))
    assert tree(runs) == before


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--set", "encoder.width=64"), "encoder.width: 64, but the rows of {} have 12 numbers: leave it out"),
        (("--set", "encoder.kind=hf"), "encoder.model: {}: a table of token vectors, no transformer: write --encoder"),
        (("--set", "encoder.kind=mini"), "encoder.model: '{}' goes with kind 'hf' or 'static', not 'mini'"),
    ],
)  # fmt: skip
def test_settings_that_do_not_go_with_it(ance, runs, tmp_path, more, message):
    folder = model2vec(tmp_path / "table")
    before = tree(runs)
    words = ("--set", f"encoder.model={folder}", "--set", "encoder.kind=static", *more)
    command = [word for word in train("") if word not in ("--encoder", "")]
    assert refusal(ance(*command, *words, "--runs", runs)).startswith(message.format(folder))
    assert tree(runs) == before


def test_weights_from_the_corpus_need_a_table(refused):
    message = refused("train", "--data", "tiny", "--set", "encoder.token_weights=corpus")
    assert message.startswith("encoder.token_weights: 'corpus' goes with a pretrained table")
