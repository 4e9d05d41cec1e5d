"""Sentence-transformers folders as `hf:`: what they bring is used, and what cannot be is said."""

import json

import numpy as np
import pytest
import torch

from ance_core.data.model_folder import words_on_differences
from ance_core.data.model_modules import read_model_folder
from ance_core.data.pretrained import load_tokenizer
from ance_core.data.tokens import tokenize, tokenized
from ance_core.encoders import build_encoder, encode_corpus, load_model
from ance_core.errors import ConfigError
from ance_core.runs import Store
from ance_core.training.defaults import settle
from ance_core.training.problem import load_problem
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve
from ance_core.training.warmup import warmup_config

from .families import save_family

sentence_transformers = pytest.importorskip("sentence_transformers")
from sentence_transformers import models  # noqa: E402  (after the skip)

from .published import PROMPTS, encoder_of, ours, transformer  # noqa: E402


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory, dataset):
    return save_family(tmp_path_factory.mktemp("plain"), "gpt2", dataset.docs)


@pytest.fixture
def published(tmp_path):
    """`published(modules, prompts=...)`: the folder that sentence-transformers saves for these modules, and its model."""

    def published(modules, **about):
        model = sentence_transformers.SentenceTransformer(modules=modules, device="cpu", **about)
        with torch.no_grad():  # a Dense of zeros would hide that it was not read
            for parameter in (p for module in list(model)[1:] for p in module.parameters()):
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3)))
        model.save(str(tmp_path / "published"))
        return tmp_path / "published", model.eval()

    return published


def check_same(folder, theirs, dataset, **said):
    encoder = encoder_of(folder, max_query_tokens=30, max_document_tokens=30, **said)
    texts = [*dataset.queries[:5], *dataset.docs[:5], "", "THE Bell"]
    for side in ("query", "document"):
        assert (
            np.abs(ours(encoder, dataset, texts, side) - getattr(theirs, f"encode_{side}")(texts)).max()
            <= 1e-5
        ), side
    return encoder


HEADS = {
    "none": lambda: [],
    "normalize": lambda: [models.Normalize()],
    "dense": lambda: [models.Dense(16, 6)],
    "two dense": lambda: [
        models.Dense(16, 24, activation_function=torch.nn.GELU()),
        models.Dense(24, 6, bias=False, activation_function=torch.nn.Identity()),
        models.LayerNorm(6),
        models.Normalize(),
    ],
    "normalize within": lambda: [models.Normalize(), models.Dense(16, 6)],
}


@pytest.mark.parametrize(
    ("head", "similarity"),
    [
        *((head, "dot") for head in HEADS),
        ("none", "cosine"),
        ("none", None),
        ("dense", "cosine"),
        ("two dense", "cosine"),
    ],
)
def test_untrained_it_is_the_published_model(bert, published, dataset, head, similarity):
    folder, theirs = published(
        [transformer(bert), models.Pooling(16), *HEADS[head]()],
        prompts=PROMPTS,
        similarity_fn_name=similarity,
    )
    normalized = head in ("normalize", "two dense")
    encoder = encoder_of(folder)
    assert encoder.similarity == ("dot" if similarity == "dot" and not normalized else "cosine")
    assert (encoder.query_prefix, encoder.document_prefix) == ("query: ", "passage: ")
    if encoder.similarity == "dot" or normalized:
        check_same(folder, theirs, dataset)
    else:  # theirs leaves the lengths to the similarity, ours are of length one
        texts = dataset.docs[:8]
        found = ours(encoder_of(folder, max_document_tokens=30), dataset, texts, "document")
        expected = theirs.encode_document(texts, normalize_embeddings=True)
        assert np.abs(found - expected).max() <= 1e-5


@pytest.mark.parametrize("pooling", ["mean", "cls", "lasttoken", "max", "weightedmean"])
def test_its_pooling(bert, published, dataset, pooling):
    folder, theirs = published(
        [transformer(bert), models.Pooling(16, pooling_mode=pooling)], similarity_fn_name="dot"
    )
    encoder = check_same(folder, theirs, dataset)
    assert encoder.pooling == {"lasttoken": "last", "weightedmean": "weighted"}.get(pooling, pooling)


def test_a_decoder_with_its_last_token(gpt2, published, dataset):
    folder, theirs = published(
        [transformer(gpt2), models.Pooling(16, pooling_mode="lasttoken"), models.Normalize()], prompts=PROMPTS
    )
    check_same(folder, theirs, dataset)


def test_pooling_as_older_versions_wrote_it(bert, published, dataset):
    folder, theirs = published(
        [transformer(bert), models.Pooling(16, pooling_mode="cls")], similarity_fn_name="dot"
    )
    old = {"word_embedding_dimension": 16, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(old))
    assert check_same(folder, theirs, dataset).pooling == "cls"


def test_it_lowers_case_where_the_folder_says_so(gpt2, published, dataset):
    folder, _ = published([transformer(gpt2), models.Pooling(16)], similarity_fn_name="dot")
    path = folder / "sentence_bert_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"do_lower_case": True}))
    tokenizer = load_tokenizer(str(folder))
    assert tokenizer("The BELL")["input_ids"] == tokenizer("the bell")["input_ids"]


def test_trained_it_is_saved_with_its_own_modules(bert, published, dataset, tmp_path):
    folder, _ = published([transformer(bert), models.Pooling(16), *HEADS["two dense"]()], prompts=PROMPTS)
    config = {
        "data": "tiny",
        "recipe": "random",
        "encoder": {"kind": "hf", "model": str(folder), "precision": "fp32", "max_query_tokens": 14},
        "steps": 2,
        "batch_size": 4,
        "threads": 1,
        "warmup": {"steps": 2, "batch_size": 4},
        "optimizer": {"learning_rate": 1e-2},
        "record": {"snapshot_every": 0, "eval_queries": 4},
    }
    store = Store(tmp_path / "runs", create=True)
    (run,) = train_runs([resolve(config)], store)
    model, tokenizer = load_model(run.folder / "model")
    theirs = sentence_transformers.SentenceTransformer(str(run.folder / "model"), device="cpu")
    kinds = [type(module).__name__ for module in theirs[0].sub_modules["document"]]
    assert kinds == ["Transformer", "Pooling", "Dense", "Dense", "LayerNorm", "Normalize"]
    assert theirs.prompts == PROMPTS
    assert theirs.similarity_fn_name == "cosine"
    for side, texts, prefix in (
        ("query", dataset.queries, "query: "),
        ("document", dataset.docs, "passage: "),
    ):
        length = getattr(model.config, f"max_{side}_tokens")
        vectors = encode_corpus(model, tokenize(texts, tokenizer, length, prefix=prefix), None, side)
        assert np.abs(vectors - getattr(theirs, f"encode_{side}")(texts)).max() <= 1e-5
    start = encode_corpus(
        build_encoder(model.config, dataset, tokenized(dataset, encoder=model.config), 0),
        tokenize(dataset.docs, tokenizer, 30, prefix="passage: "),
    )
    assert (
        np.abs(start - encode_corpus(model, tokenize(dataset.docs, tokenizer, 30, prefix="passage: "))).max()
        > 1e-4
    )
    warm = store.run(run.info["init"]["run"])
    assert warm.info["config"]["encoder"]["similarity"] == "cosine"  # the folder's, not plain products
    assert run.info["pretrained"]["form"] == "sentence-transformers"
    events = run.events()
    (event,) = events[events["kind"] == "pretrained start"]["message"]
    assert (
        "pooling mean; Dense; Dense; LayerNorm; Normalize; similarity cosine; query prompt 'query: '" in event
    )
    assert "otherwise than there: length 30 of a query (encoder.max_query_tokens is 14)" in event


def test_a_method_s_own_similarity_stands_above_the_folder_s(bert, published, dataset):
    """And both methods still share one start."""
    folder, _ = published([transformer(bert), models.Pooling(16)], similarity_fn_name="dot")
    settings = {"data": "tiny", "encoder": {"kind": "hf", "model": str(folder), "max_document_tokens": 30}}
    ance, dance = (resolve(settings | {"recipe": name}) for name in ("ance", "dance"))
    assert (ance.encoder.similarity, ance.encoder.temperature) == ("dot", None)
    assert (dance.encoder.similarity, dance.encoder.temperature) == ("cosine", 0.1)
    problem = load_problem(ance, dataset)
    starts = [warmup_config(settle(config, problem), problem) for config in (ance, dance)]
    assert starts[0].encoder == starts[1].encoder
    assert starts[0].encoder.similarity == "dot"


def test_two_towers_stay_two(bert, published, dataset, tmp_path):
    other = save_family(tmp_path / "other", "distilbert", dataset.docs)
    router = models.Router.for_query_document(
        [transformer(other, 10), models.Pooling(16)], [transformer(bert), models.Pooling(16)]
    )
    folder, theirs = published([router], similarity_fn_name="dot")
    encoder = encoder_of(folder)
    assert (encoder.towers, encoder.max_query_tokens, encoder.max_document_tokens) == ("untied", 10, 30)
    for side, texts in (("query", dataset.queries), ("document", dataset.docs)):
        assert (
            np.abs(ours(encoder, dataset, texts, side) - getattr(theirs, f"encode_{side}")(texts)).max()
            <= 1e-5
        )
    with pytest.raises(ConfigError, match=r"encoder.towers: .* set it to 'untied'"):
        ours(encoder.model_copy(update={"towers": "shared"}), dataset, dataset.docs, "document")


def test_what_was_said_wins(bert, published, dataset):
    folder, _ = published([transformer(bert), models.Pooling(16), models.Dense(16, 6)], prompts=PROMPTS)
    encoder = encoder_of(folder, pooling="cls", query_prefix="", similarity="dot", head="ance", dim=12)
    assert (encoder.pooling, encoder.query_prefix, encoder.document_prefix) == ("cls", "", "passage: ")
    assert (encoder.head, encoder.dim, encoder.similarity) == ("ance", 12, "dot")
    assert ours(encoder, dataset, dataset.docs[:3], "document").shape == (3, 12)
    said = "; ".join(words_on_differences(read_model_folder(str(folder)), encoder))
    assert "no Dense of it (encoder.head is 'ance')" in said
    assert "query prompt 'query: ' (encoder.query_prefix is '')" in said
    assert "pooling mean (encoder.pooling is 'cls')" in said
    with pytest.raises(ConfigError, match=r"encoder.dim: 12, but the modules of .* end in 6 numbers"):
        ours(encoder_of(folder, dim=12), dataset, dataset.docs[:3], "document")


def test_what_cannot_be_used_is_said(bert, published, tmp_path, caplog):
    prompts = PROMPTS | {"clustering": "cluster: "}
    folder, _ = published([transformer(bert), models.Pooling(16), models.Dropout(0.1)], prompts=prompts)
    found = read_model_folder(str(folder))
    assert found.unused == (
        "module Dropout, which training alone would use (encoder.dropout)",
        "prompt 'clustering'",
    )
    config = resolve(
        {
            "data": "tiny",
            "recipe": "random",
            "encoder": {"kind": "hf", "model": str(folder)},
            "steps": 1,
            "batch_size": 4,
        }
        | {"warmup": {"recipe": "none"}, "record": {"snapshot_every": 0, "eval_queries": 4}, "threads": 1}
    )
    (run,) = train_runs([config], Store(tmp_path / "runs", create=True))
    assert "prompt 'clustering'" in " ".join(run.info["pretrained"]["unused"])
    assert ". not used: module Dropout" in " ".join(run.events()["message"])
    assert (
        "not used of it: module Dropout, which training alone would use (encoder.dropout); prompt 'clus"
        in caplog.text
    )
