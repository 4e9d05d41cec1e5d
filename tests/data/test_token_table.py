"""Folders with a pretrained token table: which are read, what of them counts, and what is refused in one line."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ance_core.config import EncoderConfig
from ance_core.data import load_dataset, table_files
from ance_core.data.pretrained import load_tokenizer
from ance_core.data.table_files import WORDLLAMA, find_table
from ance_core.data.token_table import read_table
from ance_core.data.tokens import tokenized
from ance_core.errors import ConfigError

from ..tables import WIDTH, model2vec, static_embedding, words


@pytest.mark.parametrize(
    ("make", "form", "weighted"),
    [
        (model2vec, "model2vec", False),
        (lambda folder: model2vec(folder, weights=True, mapping=True), "model2vec", True),
        (static_embedding, "StaticEmbedding", False),
        (lambda folder: static_embedding(folder, inner="", normalize=False), "StaticEmbedding", False),
        (lambda folder: static_embedding(folder) / "0_StaticEmbedding", "StaticEmbedding", False),
    ],
    ids=["model2vec", "clustered", "nested", "root", "module alone"],
)
def test_every_form_is_read(tmp_path, make, form, weighted):
    table = read_table(str(make(tmp_path / "m")))
    size = words().get_vocab_size()
    assert (table.files.form, table.rows, table.width, table.has_weights) == (form, size, WIDTH, weighted)
    assert table.tokenizer.to_str() == words().to_str()


def test_a_folder_without_modules_json(tmp_path):
    folder = static_embedding(tmp_path / "m")
    (folder / "modules.json").unlink()
    assert read_table(str(folder)).width == WIDTH


def test_wordllama_is_found_without_importing_it():
    pytest.importorskip("wordllama")
    files = find_table(WORDLLAMA)
    assert (files.form, files.width, files.tensors[files.key]) == ("wordllama", 256, ("F16", (32_000, 256)))
    assert read_table(WORDLLAMA).tokenizer.get_vocab_size() == 32_000


def test_wordllama_that_is_not_there(monkeypatch):
    def absent(name):
        raise table_files.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(table_files.metadata, "distribution", absent)
    with pytest.raises(
        ConfigError, match=r"wordllama is not installed: pip install 'ance-workbench\[pretrained\]'$"
    ):
        read_table(WORDLLAMA)


def test_the_fingerprint_is_of_the_content(tmp_path):
    one, other = model2vec(tmp_path / "one"), model2vec(tmp_path / "other")
    assert read_table(str(one)).fingerprint == read_table(str(other)).fingerprint
    tensors = load_file(other / "model.safetensors")
    tensors["embeddings"][3, 2] += 1e-3
    save_file(tensors, other / "model.safetensors")
    changed = read_table(str(other)).fingerprint
    tokenizer = json.loads((other / "tokenizer.json").read_text())
    tokenizer["normalizer"]["lowercase"] = False
    (other / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert len({read_table(str(one)).fingerprint, changed, read_table(str(other)).fingerprint}) == 3


def test_tokens_are_of_the_folders_tokenizer_and_cached_by_its_content(tmp_path, monkeypatch):
    monkeypatch.setenv("ANCE_CACHE", str(tmp_path / "cache"))
    tiny = load_dataset("tiny")
    for name in ("one", "other"):
        folder = model2vec(tmp_path / name)
        made = tokenized(
            tiny, encoder=EncoderConfig(kind="static", model=str(folder), max_document_tokens=20)
        )
        expected = words().encode(tiny.docs[0], add_special_tokens=False).ids[:20]
        assert made.docs.ragged(np.array([0]))[0].tolist() == expected
        assert made.vocab_size == made.table.rows == words().get_vocab_size()
    assert len(list((tmp_path / "cache" / "tokens").iterdir())) == 1
    kept = json.loads((folder / "tokenizer.json").read_text())
    kept["normalizer"]["lowercase"] = False
    (folder / "tokenizer.json").write_text(json.dumps(kept))
    tokenized(tiny, encoder=EncoderConfig(kind="static", model=str(folder), max_document_tokens=20))
    assert len(list((tmp_path / "cache" / "tokens").iterdir())) == 2


def change(folder, **tensors):
    """Write other tensors; None takes one away."""
    old = load_file(folder / "model.safetensors") | tensors
    save_file({k: v for k, v in old.items() if v is not None}, folder / "model.safetensors")


def cut(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-20])


def longer_vocabulary(folder):
    tokenizer = words()
    tokenizer.add_tokens(["lighthouse"])
    tokenizer.save(str(folder / "tokenizer.json"))


def transformer(folder):
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    save_file({"embeddings.word_embeddings.weight": np.ones((3, 4), "f4")}, folder / "model.safetensors")


def modules(*kinds):
    def write(folder):
        listed = [{"path": "", "type": f"sentence_transformers.models.{kind}"} for kind in kinds]
        (folder / "modules.json").write_text(json.dumps(listed))

    return write


SIZE = words().get_vocab_size()
BAD = [
    (lambda f: shutil.rmtree(f), "no such folder; 'static' reads a model2vec or StaticEmbedding folder"),
    (lambda f: (f / "model.safetensors").unlink(), "no model.safetensors in"),
    (lambda f: (f / "tokenizer.json").unlink(), "no tokenizer.json beside its model.safetensors"),
    (lambda f: (f / "tokenizer.json").write_text("{"), "tokenizer.json cannot be read"),
    (lambda f: (f / "model.safetensors").write_bytes(b"\0" * 5), "model.safetensors cannot be read"),
    (cut, "model.safetensors cannot be read"),
    (lambda f: change(f, embeddings=None, other=np.ones(3, "f4")), "no token table in model.safetensors (looked for"),
    (lambda f: change(f, embeddings=np.ones(SIZE, "f4")), f"embeddings has shape [{SIZE}], not tokens x width"),
    (lambda f: change(f, embeddings=np.ones((SIZE, 4), "u1")), "embeddings holds U8 numbers (known: F64, F32"),
    (lambda f: change(f, embeddings=np.ones((SIZE - 1, 4), "f4")), f"its tokenizer makes id {SIZE - 1} ("),
    (lambda f: change(f, weights=np.ones(SIZE - 1, "f4")), f"weights has shape [{SIZE - 1}] for {SIZE} tokens"),
    (lambda f: change(f, mapping=np.ones((SIZE, 2), "i8")), f"mapping has shape [{SIZE}, 2], not one row a token"),
    (longer_vocabulary, f"its tokenizer makes id {SIZE} ('lighthouse') but its table has {SIZE} rows"),
    (transformer, "no table of token vectors, its config.json is of a bert: write --encoder hf:"),
    (modules("Transformer", "Pooling"), "no table of token vectors, its first module is a Transformer: write --enc"),
    (modules("StaticEmbedding", "Dense"), "its modules are StaticEmbedding, Dense; 'static' starts from a Static"),
    (modules("Router"), "its modules are Router; 'static' starts from a StaticEmbedding alone"),
    (modules(), "modules.json lists no modules"),
    (lambda f: (f / "modules.json").write_text("["), "modules.json is not readable JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "message"), BAD, ids=[message[:32] for _, message in BAD])
def test_what_is_no_table_is_refused_in_one_line(tmp_path, damage, message):
    folder = model2vec(tmp_path / "m")
    damage(folder)
    with pytest.raises(ConfigError) as caught:
        read_table(str(folder))
    assert str(caught.value).startswith(f"encoder.model: {folder}: {message}")
    assert "\n" not in str(caught.value)


def test_a_table_given_to_hf_is_sent_to_static(tmp_path):
    for model in (str(model2vec(tmp_path / "a")), str(static_embedding(tmp_path / "b")), WORDLLAMA):
        with pytest.raises(ConfigError, match=f"no transformer: write --encoder static:{model}$"):
            load_tokenizer(model)
