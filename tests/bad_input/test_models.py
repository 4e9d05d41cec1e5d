"""Pretrained models: a real, very small one trains; folders that hold half of one are refused by name."""

import json
import os
import shutil

import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from ance_core.data.tokens import train_wordpiece

from ..terminal import refusal, tree


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A BERT of one layer with a WordPiece tokenizer of its own, as transformers saves them."""
    folder = tmp_path_factory.mktemp("pretrained") / "bert"
    tokenizer = train_wordpiece(["The light turns at night, the bell rings in the fog."] * 3, 300)
    names = {f"{name.lower()}_token": f"[{name}]" for name in ("PAD", "UNK", "CLS", "SEP", "MASK")}
    PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(tokenizer.to_str()), **names).save_pretrained(
        folder
    )
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(BertConfig(vocab_size=300, max_position_embeddings=128, **shape)).save_pretrained(folder)
    return folder


def train(model):
    steps = ("--steps", 3, "--warmup-steps", 2, "--threads", 1, "--set", "encoder.dim=16", "--batch-size", 4)
    return ("train", "--data", "tiny", "--encoder", f"hf:{model}", *steps)


def test_a_whole_one_trains(ance, model, tmp_path):
    runs = tmp_path / "runs"
    done = ance(*train(model), "--runs", runs, "--json")
    assert (done.code, done.err) == (0, "")
    name = json.loads(done.out)["run"]
    config = json.loads((runs / name / "run.json").read_text())["config"]
    assert config["encoder"]["model"] == str(model)
    assert config["optimizer"]["learning_rate"] == 2e-5
    found = ance("search", name, "bell", "--runs", runs, "--json")
    assert (found.code, found.err) == (0, "")
    assert len(json.loads(found.out)["hits"]) == 5


def without_tokenizer(folder):
    for path in folder.glob("*token*"):
        path.unlink()


def without_weights(folder):
    (folder / "model.safetensors").unlink()


def without_config(folder):
    (folder / "config.json").unlink()


def with_broken_weights(folder):
    (folder / "model.safetensors").write_bytes(b"\0" * 50)


def with_another_vocabulary(folder):
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"] |= {f"word{n}": 1000 + n for n in range(300)}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))


def with_few_positions(folder):
    config = BertConfig.from_pretrained(folder)
    config.max_position_embeddings = 16
    BertModel(config).save_pretrained(folder)


def empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def absent(folder):
    shutil.rmtree(folder)


BAD = {
    without_tokenizer: "encoder.model: {}: no tokenizer in the folder (looked for tokenizer.json",
    without_weights: "encoder.model: '{}' is neither a model folder nor a hub id within reach",
    without_config: "encoder.model: '{}' is neither a model folder nor a hub id within reach",
    with_broken_weights: "encoder.model: '{}' is neither a model folder nor a hub id within reach",
    with_another_vocabulary: "encoder.model: '{}' embeds 300 tokens but its tokenizer makes",
    with_few_positions: "encoder.max_document_tokens, max_query_tokens: 128 exceeds the 16 positions",
    empty: "encoder.model: {}: no tokenizer in the folder",
    absent: "encoder.model: {}: no such folder; check the path",
}


@pytest.mark.parametrize("damage", BAD, ids=lambda damage: damage.__name__)
def test_half_a_model_is_refused(ance, model, runs, tmp_path, damage):
    folder = shutil.copytree(model, tmp_path / "half")
    damage(folder)
    before = tree(runs)
    assert refusal(ance(*train(folder), "--runs", runs)).startswith(BAD[damage].format(folder))
    assert tree(runs) == before
    assert not [name for name in os.listdir(runs) if name.startswith(".tmp-")]


def test_a_run_s_own_model_folder_is_a_pretrained_model(ance, model, tmp_path):
    """Trained with prefixes and saved, it is trained on from there, by its path alone."""
    runs = tmp_path / "runs"
    prefix = ("--set", 'encoder.query_prefix="query: "', "--set", "encoder.max_query_tokens=12")
    assert ance(*train(model), *prefix, "--name", "first", "--runs", runs).code == 0
    steps = ("--steps", 1, "--warmup-steps", 1, "--threads", 1, "--batch-size", 4)
    own = ance(
        *("train", "--data", "tiny", "--encoder", f"hf:{runs}/first/model", "--name", "second"),
        *steps,
        "--runs",
        runs,
    )
    assert own.code == 0, own.err
    encoder = json.loads((runs / "second" / "run.json").read_text())["config"]["encoder"]
    said = {
        name: encoder[name]
        for name in ("head", "dim", "query_prefix", "max_query_tokens", "similarity", "pooling")
    }
    assert said == {
        "head": "folder",
        "dim": 16,
        "query_prefix": "query: ",
        "max_query_tokens": 12,
        "similarity": "dot",
        "pooling": "mean",
    }


def test_a_prefix_that_yaml_reads_otherwise_is_refused_with_the_remedy(refused, model):
    message = refused(*train(model), "--set", "encoder.query_prefix=query: ")
    assert message.startswith("encoder.query_prefix: ")
    assert "in quotes" in message
