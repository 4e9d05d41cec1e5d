"""Pretrained models of nine families: each trains, is measured, searched and saved, and says the same everywhere."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ance_core.config import EncoderConfig
from ance_core.data.pretrained import load_tokenizer
from ance_core.data.tokens import tokenize, tokenized
from ance_core.encoders import build_encoder, encode_corpus, load_model
from ance_core.encoders.backbones import load_backbone, positions
from ance_core.errors import ConfigError
from ance_core.experiments.evaluation import evaluate_run
from ance_core.experiments.search import Searcher
from ance_core.runs import Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

from .families import FAMILIES, POSITIONS, USABLE, save_family

sentence_transformers = pytest.importorskip("sentence_transformers")
QUERY, DOCUMENT = "query: ", "passage: "


@pytest.fixture(scope="module")
def folder(tmp_path_factory, dataset):
    """`folder("bert")`: that family's tiny model, made once."""
    made = {}

    def folder(name):
        if name not in made:
            made[name] = save_family(tmp_path_factory.mktemp(name), name, dataset.docs)
        return made[name]

    return folder


def settings(model, **encoder):
    lengths = {"max_query_tokens": 12, "max_document_tokens": 30}
    return {
        "data": "tiny",
        "recipe": "random",
        "encoder": {"kind": "hf", "model": str(model), "dim": 10, "precision": "fp32", **lengths, **encoder},
        "steps": 2,
        "batch_size": 4,
        "threads": 1,
        "warmup": {"steps": 2, "batch_size": 4},
        "optimizer": {"learning_rate": 1e-2},
        "record": {"snapshot_every": 0, "eval_queries": 4},
    }


def vectors(folder, texts, side):
    """(N, dim) by the saved model in `folder`, as `ance search` and `ance eval` encode."""
    model, tokenizer = load_model(folder)
    limit = getattr(model.config, f"max_{side}_tokens")
    read = tokenize(texts, tokenizer, limit, prefix=getattr(model.config, f"{side}_prefix"))
    return encode_corpus(model, read, None, side)


@pytest.mark.parametrize("name", FAMILIES)
def test_trains_and_is_the_same_everywhere(folder, dataset, tmp_path, name):
    store = Store(tmp_path / "runs", create=True)
    prefixes = {"query_prefix": QUERY, "document_prefix": DOCUMENT} if name != "gpt2" else {}
    (run,) = train_runs([resolve(settings(folder(name), **prefixes))], store)
    assert run.status().state == "finished"
    assert 0 <= evaluate_run(run, "test")[0]["RR@10"] <= 1
    assert len(Searcher(run, dataset).search("the bell in the fog", 3)) == 3

    saved = run.folder / "model"
    theirs = sentence_transformers.SentenceTransformer(str(saved), device="cpu")
    long = " ".join(dataset.docs[:3])  # cut, for a query and for a document
    texts = [*dataset.queries[:6], "", " ", long, *dataset.docs[:4]]
    for side in ("query", "document"):
        ours = vectors(saved, texts, side)
        other = getattr(theirs, f"encode_{side}")(texts)
        assert np.abs(ours - other).max() <= 1e-5, side
    assert theirs.prompts == {
        "query": prefixes.get("query_prefix", ""),
        "document": prefixes.get("document_prefix", ""),
    }

    again = resolve({"encoder": f"hf:{saved}", "data": "tiny"})  # nothing else is said
    assert (again.encoder.max_query_tokens, again.encoder.max_document_tokens) == (12, 30)
    model = build_encoder(again.encoder, dataset, tokenized(dataset, encoder=again.encoder), 0).eval()
    for side in ("query", "document"):
        read = tokenize(
            texts,
            load_tokenizer(str(saved)),
            getattr(again.encoder, f"max_{side}_tokens"),
            prefix=getattr(again.encoder, f"{side}_prefix"),
        )
        assert np.abs(encode_corpus(model, read, None, side) - vectors(saved, texts, side)).max() <= 1e-6


@pytest.mark.parametrize("name", FAMILIES)
def test_the_longest_text_it_takes(folder, dataset, name):
    """One token more than the model has places for is refused with advice that then works."""
    usable = USABLE.get(name, POSITIONS)
    config = EncoderConfig(kind="hf", model=str(folder(name)), dim=10, max_document_tokens=usable or 100)
    tokens = tokenized(dataset, encoder=config)
    assert tokens.docs.lengths().max() == config.max_document_tokens
    model = build_encoder(config, dataset, tokens, 0)
    assert np.isfinite(encode_corpus(model, tokens.docs, np.arange(3))).all()
    if usable:
        beyond = config.model_copy(update={"max_document_tokens": usable + 1})
        with pytest.raises(
            ConfigError, match=f"{usable + 1} exceeds the {usable} positions of .* set them to {usable} or"
        ):
            build_encoder(beyond, dataset, tokens, 0)


@pytest.mark.parametrize("name", FAMILIES)
def test_no_dropout_unless_asked_for(folder, dataset, name):
    """Also where a layer has taken the rate from the config into a number of its own."""
    config = EncoderConfig(kind="hf", model=str(folder(name)), dim=10, max_document_tokens=30)
    tokens = tokenized(dataset, encoder=config)
    model = build_encoder(config, dataset, tokens, 0)
    once = encode_corpus(model, tokens.docs)
    for rate, same in ((0.0, True), (0.5, False)):
        model = build_encoder(config.model_copy(update={"dropout": rate}), dataset, tokens, 0).train()
        model.eval = lambda model=model: model  # so that it stays in training, as in a step
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            assert np.allclose(encode_corpus(model, tokens.docs), once, atol=1e-6) is same


@pytest.mark.parametrize("name", FAMILIES)
def test_every_weight_in_one_band(folder, dataset, name):
    config = EncoderConfig(kind="hf", model=str(folder(name)), dim=10, max_document_tokens=30)
    model = build_encoder(config, dataset, tokenized(dataset, encoder=config), 0)
    bands = model.bands()
    banded = [id(p) for parameters in bands.values() for p in parameters]
    assert sorted(banded) == sorted({id(p) for p in model.parameters()})
    table = model.document_tower.backbone.get_input_embeddings().weight
    assert id(table) in {id(p) for p in bands["embeddings"]}


def test_an_encoder_decoder_is_known_by_its_architecture(folder, dataset, tmp_path):
    """T5's encoder is used whatever the flag says; BERT with the flag set is still an encoder; BART is refused."""
    plain = load_backbone("t5", str(folder("t5")), 0.0)
    assert type(plain).__name__ == "T5EncoderModel"
    flagged = save_family(tmp_path / "t5", "t5", dataset.docs, is_encoder_decoder=False)
    assert type(load_backbone("t5", str(flagged), 0.0)).__name__ == "T5EncoderModel"
    bert = save_family(tmp_path / "bert", "bert", dataset.docs, is_encoder_decoder=True)
    config = EncoderConfig(kind="hf", model=str(bert), dim=10, max_document_tokens=30)
    build_encoder(config, dataset, tokenized(dataset, encoder=config), 0)


def test_an_encoder_that_cannot_stand_alone_is_refused(dataset, tmp_path):
    import transformers

    from .families import roberta

    sizes = {
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_ffn_dim": 16,
        "decoder_ffn_dim": 16,
    }
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "max_position_embeddings": POSITIONS}
    tokenizer = roberta(dataset.docs)
    config = transformers.BartConfig(vocab_size=len(tokenizer), is_encoder_decoder=False, **sizes, **heads)
    transformers.BartModel(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    encoder = EncoderConfig(kind="hf", model=str(tmp_path), dim=10, max_document_tokens=30)
    with pytest.raises(ConfigError, match=r"is an encoder-decoder \(BartModel\)") as error:
        build_encoder(encoder, dataset, tokenized(dataset, encoder=encoder), 0)
    assert "\n" not in str(error.value)


def test_usable_positions_of_a_table_that_is_counted_from_elsewhere():
    backbone = SimpleNamespace(config=SimpleNamespace(max_position_embeddings=-1), modules=list)
    assert positions(backbone) is None
