import json
import shutil

import numpy as np
import pytest
import torch

from ance_core.encoders import encode_corpus, load_model, save_model
from ance_core.errors import ConfigError

KINDS = ["static", "mini", "hf"]


def stir(model, seed=0):
    """Move every weight off its initial value, so that no part of the model is a no-op by chance."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))


@pytest.fixture
def saved(built, tmp_path):
    def saved(kind, **changes):
        model, tokens = built(kind, **changes)
        stir(model)
        save_model(model, tokens, tmp_path / "model")
        return model, tokens, tmp_path / "model"

    return saved


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("towers", ["shared", "untied"])
def test_load_gives_back_every_bit(saved, kind, towers):
    model, tokens, folder = saved(kind, towers=towers, similarity="cosine")
    before = torch.random.get_rng_state()
    loaded, tokenizer = load_model(folder)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert loaded.config == model.config
    assert loaded.untied == (towers == "untied")
    for (name, ours), theirs in zip(model.state_dict().items(), loaded.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs), name
    text = "the violin judge"
    assert_same_ids(tokenizer, tokens.tokenizer, text)
    for side, read in (("query", tokens.queries), ("document", tokens.docs)):
        assert np.array_equal(encode_corpus(model, read, side=side), encode_corpus(loaded, read, side=side))


def assert_same_ids(one, other, text):
    ids = [t.encode(text).ids if hasattr(t, "enable_truncation") else t.encode(text) for t in (one, other)]
    assert ids[0] == ids[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "changes",
    [
        {"similarity": "dot"},
        {"similarity": "cosine", "dim": 10},
        {"towers": "untied", "similarity": "cosine"},
    ],
    ids=["dot", "cosine-narrow", "untied"],
)
def test_sentence_transformers_encodes_alike(saved, corpus, kind, changes):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    model, tokens, folder = saved(kind, **changes)
    theirs = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    assert theirs.similarity_fn_name == model.config.similarity
    assert max(map(len, map(str.split, corpus.docs))) > tokens.docs.lengths().max()  # some documents are cut
    pairs = [
        (encode_corpus(model, tokens.docs, side="document"), theirs.encode_document(corpus.docs)),
        (encode_corpus(model, tokens.queries, side="query"), theirs.encode_query(corpus.queries)),
    ]
    for ours, other in pairs:
        assert ours.shape == other.shape
        assert np.abs(ours - other).max() <= 1e-5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("towers", ["shared", "untied"])
def test_queries_are_cut_at_their_own_length(saved, corpus, kind, towers):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    model, tokens, folder = saved(kind, towers=towers)
    theirs = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    cut = tokens.tokenize(corpus.docs, model.config.max_query_tokens)
    assert np.abs(encode_corpus(model, cut, side="query") - theirs.encode_query(corpus.docs)).max() <= 1e-5
    if kind != "static":  # there a tokenizer cuts, which has no such property
        limits = [
            route[0].max_seq_length for route in (theirs[0].sub_modules[n] for n in ("query", "document"))
        ]
        assert limits == [model.config.max_query_tokens, model.config.max_document_tokens]


@pytest.mark.parametrize("kind", KINDS)
def test_routes_of_a_shared_tower_are_one_file(saved, kind):
    _, _, folder = saved(kind)
    one, other = sorted(folder.glob("0_Router/*_0_*/model.safetensors"))
    assert one.samefile(other)


def test_equal_lengths_need_no_routes(saved):
    _, _, folder = saved("mini", max_query_tokens=24)
    kinds = [
        module["type"].rpartition(".")[2] for module in json.loads((folder / "modules.json").read_text())
    ]
    assert kinds == ["Transformer", "Pooling", "Dense", "LayerNorm"]


@pytest.mark.parametrize("kind", KINDS)
def test_texts_without_words_encode_alike(saved, kind):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    model, tokens, folder = saved(kind)
    theirs = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    for texts in ([""], ["", " ", "the violin"], ["\t"]):
        ours = encode_corpus(model, tokens.tokenize(texts, 12), side="query")
        assert np.abs(ours - theirs.encode_query(texts)).max() <= 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_prefixes_are_its_prompts(built, corpus, tmp_path, kind):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    prefixes = {"query_prefix": "law: ", "document_prefix": "sea "}
    model, tokens = built(kind, **prefixes)
    stir(model)
    save_model(model, tokens, tmp_path / "model")
    theirs = sentence_transformers.SentenceTransformer(str(tmp_path / "model"), device="cpu")
    read = {
        "query": tokens.tokenize(corpus.queries, 12, "law: "),
        "document": tokens.tokenize(corpus.docs, 24, "sea "),
    }
    for side, texts in (("query", corpus.queries), ("document", corpus.docs)):
        ours = encode_corpus(model, read[side], side=side)
        assert np.abs(ours - getattr(theirs, f"encode_{side}")(texts)).max() <= 1e-5
    assert np.abs(theirs.encode(corpus.docs) - theirs.encode_document(corpus.docs)).max() == 0


@pytest.mark.parametrize("pooling", ["cls", "last", "max", "weighted"])
def test_pooling_survives(saved, corpus, pooling):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    model, tokens, folder = saved("mini", pooling=pooling)
    theirs = sentence_transformers.SentenceTransformer(str(folder), device="cpu").encode(corpus.docs)
    assert np.abs(encode_corpus(model, tokens.docs) - theirs).max() <= 1e-5


def test_saving_again_replaces_and_leaves_nothing_behind(saved, built):
    _, tokens, folder = saved("static")
    (folder / "stale").write_text("x")
    other, _ = built("static", seed=1)
    stir(other, seed=1)
    save_model(other, tokens, folder)
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
    assert not (folder / "stale").exists()
    assert torch.equal(load_model(folder)[0].query_tower.mlp.up.weight, other.query_tower.mlp.up.weight)


def test_failed_save_leaves_the_old_model(saved, monkeypatch):
    model, tokens, folder = saved("static")
    before = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ance_core.encoders.export.write_pieces", full)
    with pytest.raises(ConfigError, match="No space left"):
        save_model(model, tokens, folder)
    assert {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def one_line_error(folder) -> str:
    with pytest.raises(ConfigError) as caught:
        load_model(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) in message
    return message


def test_no_model_at_all(tmp_path):
    assert "not a saved encoder" in one_line_error(tmp_path / "absent")
    (tmp_path / "ance.json").write_text("{")
    assert "not a saved encoder" in one_line_error(tmp_path)


@pytest.mark.parametrize("kind", ["static", "hf"])
def test_no_tokenizer(saved, kind):
    _, _, folder = saved(kind)
    (folder / "tokenizer.json").unlink()
    assert "tokenizer" in one_line_error(folder)


def test_no_backbone(saved):
    _, _, folder = saved("hf")
    shutil.rmtree(folder / "0_Router")
    assert "_Transformer" in one_line_error(folder)


def test_weights_missing_or_cut_short(saved):
    _, _, folder = saved("static")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    assert "cannot be read" in one_line_error(folder)
    path.unlink()
    assert "cannot be read" in one_line_error(folder)


def test_settings_that_contradict_the_weights(saved):
    _, _, folder = saved("static")
    about = json.loads((folder / "ance.json").read_text())
    about["encoder"]["dim"] = 8
    (folder / "ance.json").write_text(json.dumps(about))
    assert "(16,) in model.safetensors, but ance.json implies (8,)" in one_line_error(folder)


def test_unknown_setting_and_newer_format(saved):
    _, _, folder = saved("static")
    about = json.loads((folder / "ance.json").read_text())
    (folder / "ance.json").write_text(json.dumps(about | {"encoder": {"widht": 3}}))
    assert "did you mean 'width'" in one_line_error(folder)
    (folder / "ance.json").write_text(json.dumps(about | {"format": 2}))
    assert "newer version (format 2" in one_line_error(folder)
