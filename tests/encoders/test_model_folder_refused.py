"""Sentence-transformers folders that cannot be taken over, or are damaged; and hub ids, which bring the same."""

import json
import shutil

import pytest

from ance_core.config import EncoderConfig
from ance_core.data.model_folder import words_on_differences
from ance_core.data.model_modules import read_model_folder
from ance_core.data.tokens import tokenized
from ance_core.encoders import build_encoder, save_model
from ance_core.errors import ConfigError
from ance_core.training.settings import resolve

sentence_transformers = pytest.importorskip("sentence_transformers")
from sentence_transformers import models  # noqa: E402  (after the skip)

from .published import PROMPTS, encoder_of, ours, transformer  # noqa: E402


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
    with pytest.raises(ConfigError, match="head: 'folder' goes with 'hf', not 'mini'"):
        resolve({"encoder": {"kind": "mini", "head": "folder"}})


def test_a_run_of_a_static_encoder_is_no_transformer(dataset, tmp_path):
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


def test_any_value_in_its_json_is_read_or_refused_in_one_line(whole, tmp_path):
    """Every place of every settings file, with each of these in its stead."""
    values = [None, 5, -1, 1e400, "", "x" * 500, "\0", [], [[1]], {}, {"a": {}}, True]
    folder = shutil.copytree(whole, tmp_path / "model")
    (folder / "ance.json").write_text(
        json.dumps({"encoder": {"max_query_tokens": 9, "max_document_tokens": 9}})
    )
    paths = [path for path in folder.rglob("*.json") if path.name != "tokenizer.json"]
    tried = 0
    for path in paths:
        text = path.read_text()
        for place in places(json.loads(text)):
            for value in values:
                path.write_text(json.dumps(put(json.loads(text), place, value)))
                tried += 1
                message = refusal_of(folder)
                assert "\n" not in message, (path.name, place, value)
                assert len(message) < 1000
        path.write_text(text)
    assert tried > 400


def refusal_of(folder):
    try:
        encoder_of(folder)
    except ConfigError as error:
        return str(error)
    return ""


def places(value, above=()):
    """Paths to everything in a JSON value, itself first."""
    yield above
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*above, key))


def put(value, place, other):
    if not place:
        return other
    value[place[0]] = put(value[place[0]], place[1:], other)
    return value


def test_lengths_and_settings_of_newer_and_older_versions(whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "model")
    edit(
        folder / "sentence_bert_config.json",
        query_length=9,
        document_length=21,
        processing_kwargs={"text": {"a": 1}},
    )
    encoder = encoder_of(folder)
    assert (encoder.max_query_tokens, encoder.max_document_tokens) == (9, 21)
    assert read_model_folder(str(folder)).unused == ("processing_kwargs of its Transformer",)
    (folder / "sentence_bert_config.json").unlink()
    (folder / "sentence_roberta_config.json").write_text(
        json.dumps({"max_seq_length": 17, "do_lower_case": True})
    )
    found = read_model_folder(str(folder))
    assert (found.document.max_tokens, found.document.lower_case) == (17, True)


def test_a_layer_of_tokens_before_pooling_is_no_head(whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "model")
    modules = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps([modules[0], modules[2], modules[1]]))
    assert read_model_folder(str(folder)).misfits == ("no Pooling right after its Transformer",)
