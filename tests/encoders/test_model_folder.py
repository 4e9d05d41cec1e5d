"""Sentence-transformers folders as `hf:`: what they bring is used, and what cannot be is said."""

import json
import shutil

import numpy as np
import pytest
import torch

from ance_core.config import EncoderConfig
from ance_core.data import load_dataset
from ance_core.data.model_folder import words_on_differences
from ance_core.data.model_modules import read_model_folder
from ance_core.data.pretrained import load_tokenizer
from ance_core.data.tokens import tokenize, tokenized
from ance_core.encoders import build_encoder, encode_corpus, load_model
from ance_core.errors import ConfigError
from ance_core.runs import Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

from .families import save_family

sentence_transformers = pytest.importorskip("sentence_transformers")
from sentence_transformers import models  # noqa: E402  (after the skip)

PROMPTS = {"query": "query: ", "document": "passage: "}


@pytest.fixture(scope="module")
def dataset():
    return load_dataset("tiny")


@pytest.fixture(scope="module")
def bert(tmp_path_factory, dataset):
    return save_family(tmp_path_factory.mktemp("plain"), "bert", dataset.docs)


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory, dataset):
    return save_family(tmp_path_factory.mktemp("plain"), "gpt2", dataset.docs)


def transformer(folder, length=30):
    module = models.Transformer(str(folder))
    module.max_seq_length = length
    if module.tokenizer.pad_token is None:
        module.tokenizer.pad_token = module.tokenizer.eos_token
    module.tokenizer.padding_side = "right"
    module.tokenizer.model_input_names = ["input_ids", "attention_mask"]
    return module


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


def encoder_of(folder, **said):
    return resolve(
        {"data": "tiny", "encoder": {"kind": "hf", "model": str(folder), "precision": "fp32", **said}}
    ).encoder


def ours(encoder, dataset, texts, side):
    """Vectors of the untrained encoder, (N, dim)."""
    tokens = tokenized(dataset, encoder=encoder)
    model = build_encoder(encoder, dataset, tokens, 0)
    read = tokenize(
        texts,
        load_tokenizer(encoder.model),
        getattr(encoder, f"max_{side}_tokens"),
        prefix=getattr(encoder, f"{side}_prefix"),
    )
    return encode_corpus(model, read, None, side)


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


@pytest.mark.parametrize("similarity", ["cosine", "dot", None])
@pytest.mark.parametrize("head", HEADS)
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


def pooled_twice(folder):
    edit(folder / "1_Pooling" / "config.json", pooling_mode=["mean", "max"])


def pooled_otherwise(folder):
    edit(folder / "1_Pooling" / "config.json", pooling_mode="mean_sqrt_len_tokens")


def pooled_without_prompt(folder):
    edit(folder / "1_Pooling" / "config.json", include_prompt=False)


def by_distance(folder):
    edit(folder / "config_sentence_transformers.json", similarity_fn_name="euclidean")


def with_a_foreign_activation(folder):
    edit(folder / "2_Dense" / "config.json", activation_function="builtins.print")


def with_a_residual(folder):
    edit(folder / "2_Dense" / "config.json", use_residual=True)


def with_a_module_we_lack(folder):
    modules = json.loads((folder / "modules.json").read_text())
    modules[2]["type"] = "sentence_transformers.models.CNN"
    (folder / "modules.json").write_text(json.dumps(modules))


def with_a_module_of_another_package(folder):
    modules = json.loads((folder / "modules.json").read_text())
    modules[2]["type"] = "pylate.models.Dense"
    (folder / "modules.json").write_text(json.dumps(modules))


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


MISFITS = {
    pooled_twice: "pooling mean + max",
    pooled_otherwise: "pooling mean_sqrt_len_tokens",
    pooled_without_prompt: "its pooling leaves the prompt's tokens out",
    by_distance: "similarity euclidean",
    with_a_foreign_activation: "activation builtins.print",
    with_a_residual: "a residual Dense",
    with_a_module_we_lack: "module CNN",
    with_a_module_of_another_package: "module pylate.models.Dense of another package",
}


@pytest.fixture(scope="module")
def whole(bert, tmp_path_factory):
    model = sentence_transformers.SentenceTransformer(
        modules=[transformer(bert), models.Pooling(16), models.Dense(16, 6)], prompts=PROMPTS, device="cpu"
    )
    folder = tmp_path_factory.mktemp("whole") / "model"
    model.save(str(folder))
    return folder


@pytest.mark.parametrize("change", MISFITS, ids=lambda change: change.__name__)
def test_what_cannot_be_taken_over_is_refused_by_name(whole, dataset, tmp_path, change):
    folder = shutil.copytree(whole, tmp_path / "model")
    change(folder)
    with pytest.raises(
        ConfigError, match=r"cannot be taken over whole .* set encoder.head to 'ance'"
    ) as error:
        encoder_of(folder)
    assert MISFITS[change] in str(error.value)
    assert "\n" not in str(error.value)
    encoder = encoder_of(folder, head="ance", dim=12)  # the remedy it names
    assert ours(encoder, dataset, dataset.docs[:2], "document").shape == (2, 12)
    assert MISFITS[change] in "; ".join(words_on_differences(read_model_folder(str(folder)), encoder))


def no_modules(folder):
    (folder / "modules.json").write_text("[]")


def no_json(folder):
    (folder / "modules.json").write_text("{" * 100_000)


def modules_of_numbers(folder):
    (folder / "modules.json").write_text("[1]")


def outside(folder):
    (folder / "modules.json").write_text(json.dumps([{"type": "a.Transformer", "path": "../.."}]))


def no_dense_weights(folder):
    (folder / "2_Dense" / "model.safetensors").unlink()


def other_dense_weights(folder):
    edit(folder / "2_Dense" / "config.json", in_features=3)


def settings_that_are_a_list(folder):
    (folder / "config_sentence_transformers.json").write_text("[]")


DAMAGES = {
    no_modules: "modules.json lists no modules",
    no_json: "modules.json is not readable JSON",
    modules_of_numbers: "modules.json lists no modules",
    outside: "lies outside the folder",
    no_dense_weights: "2_Dense cannot be used",
    other_dense_weights: "2_Dense cannot be used",
    settings_that_are_a_list: "config_sentence_transformers.json is not readable JSON",
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_folder_is_one_line(whole, dataset, tmp_path, damage):
    folder = shutil.copytree(whole, tmp_path / "model")
    damage(folder)
    with pytest.raises(ConfigError) as error:
        ours(encoder_of(folder), dataset, dataset.docs[:2], "document")
    assert DAMAGES[damage] in str(error.value)
    assert "\n" not in str(error.value)


def test_a_head_of_a_folder_needs_one(bert, dataset):
    encoder = EncoderConfig(kind="hf", model=str(bert), head="folder", max_document_tokens=30)
    with pytest.raises(ConfigError, match=r"encoder.head: 'folder' given, but .* is a transformer alone"):
        ours(encoder, dataset, dataset.docs[:2], "document")
    with pytest.raises(
        ConfigError, match="head: 'folder' goes with a sentence-transformers folder, not with 'mini'"
    ):
        resolve({"encoder": {"kind": "mini", "head": "folder"}})


def test_a_run_of_a_static_encoder_is_no_transformer(dataset, tmp_path):
    from ance_core.encoders import save_model

    config = EncoderConfig(width=16, dim=16, vocab_size=300)
    tokens = tokenized(dataset, encoder=config)
    save_model(build_encoder(config, dataset, tokens, 0), tokens, tmp_path / "model")
    with pytest.raises(ConfigError, match=r"its first module is StaticEmbedding.*--start RUN"):
        encoder_of(tmp_path / "model")


@pytest.fixture
def hub(whole, tmp_path, monkeypatch):
    """A hub's cache with `org/whole` in it, and no network."""
    from huggingface_hub import constants

    from ance_core.data import model_files

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    model_files._from_hub.cache_clear()
    entry = tmp_path / "models--org--whole"
    (entry / "refs").mkdir(parents=True)
    (entry / "refs" / "main").write_text("0" * 40)
    yield shutil.copytree(whole, entry / "snapshots" / ("0" * 40))
    model_files._from_hub.cache_clear()


def test_a_hub_id_brings_the_same(hub):
    found = read_model_folder("org/whole")
    assert found.document.transformer == "org/whole"  # weights in the root are left to transformers
    assert [module.folder for module in found.document.head] == [hub / "2_Dense"]
    assert (found.query_prefix, found.document_prefix) == ("query: ", "passage: ")
    assert read_model_folder("org/absent") is None
