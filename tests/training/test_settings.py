"""Whose word counts: the user's, a preset's, the recipe's, the collection's, the encoder's, the models' own."""

import pytest

import ance_core as ance
from ance_core.config import RunConfig
from ance_core.data import load_dataset
from ance_core.data.declared import NOTHING, Declared
from ance_core.data.of_run import dataset_of
from ance_core.recipes import RECIPES
from ance_core.training.replay import replay_settings
from ance_core.training.session import train_runs
from ance_core.training.settings import layers, resolve
from ance_core.training.start import fork_settings

from ..data.folders import beir, write
from .conftest import SMALL

TUNED = Declared(
    labels_per_query=1,
    settings={
        "static": {"warmup": {"steps": 200}, "negatives": {"pool_depth": 30}},
        "hf": {"optimizer": {"learning_rate": 1e-5}},
    },
)


def test_a_collection_lies_between_encoder_and_recipe():
    config = resolve({"recipe": "random"}, TUNED)
    assert (config.labels_per_query, config.warmup.steps, config.negatives.pool_depth) == (1, 200, 30)
    said = resolve({"recipe": "random", "warmup": {"steps": 7}, "negatives": {"per_query": 2}}, TUNED)
    assert (said.warmup.steps, said.negatives.pool_depth, said.negatives.per_query) == (7, 30, 2)
    pretrained = resolve({"encoder": "hf:somewhere"}, TUNED)
    assert pretrained.optimizer.learning_rate == 1e-5
    assert (
        "warmup.learning_rate" not in pretrained.origins
    )  # left to the rule: the collection says nothing of it
    assert pretrained.warmup.steps == RunConfig().warmup.steps  # that was for static


@pytest.mark.parametrize("recipe", list(RECIPES))
def test_recipe_and_preset_win_over_the_collection(recipe):
    own = RECIPES[recipe].defaults
    greedy = Declared(settings={"static": {"negatives": {"per_query": 5}, "batch_size": 9}})
    config = resolve({"recipe": recipe}, greedy)
    assert config.negatives.per_query == own.get("negatives", {}).get("per_query", 5)
    for name, preset in RECIPES[recipe].presets.items():
        with_preset = resolve({"recipe": recipe, "preset": name}, greedy)
        assert with_preset.batch_size == preset.settings.get("batch_size", own.get("batch_size", 9))


def test_what_was_found_for_a_start_from_the_corpus_is_not_taken_for_a_pretrained_table(tmp_path):
    table = RunConfig(encoder={"kind": "static", "model": "wordllama", "width": 256, "dim": 257})
    found = layers(table, {}, TUNED)
    assert found[1].values == {"labels_per_query": 1}


def test_the_layers_have_names_and_stand_from_weak_to_strong():
    said = {"recipe": "ance", "steps": 3}
    found = layers(RunConfig(**said), said, TUNED)
    assert [layer.name for layer in found] == [
        "pretrained", f"collection {RunConfig().data.name}", "recipe ance", "preset None", "said",
    ]  # fmt: skip
    assert found[1].values["warmup"] == {"steps": 200}
    assert found[-1].values == said


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({}, 1),
        ({"labels_per_query": 2}, 2),
        ({"labels_per_query": "all"}, None),
        ({"labels_per_query": None}, None),
    ],
)
def test_labels_per_query_is_a_default_that_gives_way(said, kept):
    assert resolve({"data": "campus", **said}).labels_per_query == kept
    assert resolve({"data": "campus", **said}, NOTHING).labels_per_query == (kept if said else None)


@pytest.fixture
def folder(tmp_path):
    """An island whose queries have several answers, of which one is kept by default."""
    folder = beir(tmp_path / "island")
    write(folder / "qrels" / "dev.tsv", (folder / "qrels" / "test.tsv").read_text(encoding="utf-8"))
    write(folder / "collection.yaml", "labels_per_query: 1\nsettings: {static: {warmup: {steps: 3}}}\n")
    return folder


REST = {name: value for name, value in SMALL.items() if name not in ("data", "warmup")}


def test_what_a_run_took_stands_in_it_and_outlives_the_file(folder, store):
    base = {**REST, "data": str(folder), "recipe": "random", "steps": 2, "negatives": {"pool_depth": 2}}
    default, every = train_runs([resolve(base), resolve({**base, "labels_per_query": "all"})], store)
    assert default.info["config"]["labels_per_query"] == 1
    assert default.info["config"]["warmup"]["steps"] == 3
    assert every.info["config"]["labels_per_query"] is None
    assert every.info["dataset"]["fingerprint"] == load_dataset(folder).fingerprint
    assert default.info["dataset"]["fingerprint"] == load_dataset(folder, labels_per_query=1).fingerprint
    # What goes on from a run, or repeats it, keeps to what it took.
    assert resolve(fork_settings(every, 2, None, {"steps": 4})).labels_per_query is None
    assert resolve({**replay_settings(every), "refresh": {}}).labels_per_query is None
    write(folder / "collection.yaml", "labels_per_query: 2\n")
    assert len(dataset_of(default).hidden) == 1


def test_a_dataset_in_memory_brings_its_own(folder, tmp_path):
    rest = {**REST, "steps": 1, "negatives": {"pool_depth": 2}, "runs": tmp_path / "runs"}
    data = load_dataset(folder)
    run = ance.train(data, "random", **rest)
    assert run.info["config"]["labels_per_query"] == 1
    assert run.info["dataset"]["fingerprint"] == load_dataset(folder, labels_per_query=1).fingerprint
    every = ance.train(data, "random", labels_per_query="all", **rest)
    assert every.info["dataset"]["fingerprint"] == data.fingerprint


def test_labels_withheld_already_stay_as_they_are(tmp_path):
    masked = load_dataset("campus", labels_per_query=1)
    assert len(masked.hidden)
    run = ance.train(masked, "random", runs=tmp_path, **{**REST, "steps": 1, "warmup": {"recipe": "none"}})
    assert run.info["dataset"]["fingerprint"] == masked.fingerprint
