"""Prefixes of queries and documents decide tokens and weights, so they are part of whatever is kept or shared by them."""

import json
import os
import shutil

import pytest

from ance_core.config import EncoderConfig, merge
from ance_core.errors import ConfigError
from ance_core.runs.info import FORMAT_VERSION, read_info
from ance_core.training.problem import load_problem
from ance_core.training.session import train_runs
from ance_core.training.warmup import warmup_config, warmup_name

from ..encoders.families import save_family

PREFIXES = {"query_prefix": "query: ", "document_prefix": "passage: "}


def weights(run):
    return (run.folder / "model" / "model.safetensors").read_bytes()


def test_runs_in_turns_do_not_share_tokens(settings, store):
    """Beside a run without prefixes it comes out as it does alone."""
    plain, own = (
        settings(recipe="random", name="plain"),
        settings(recipe="random", name="own", encoder=PREFIXES),
    )
    beside = train_runs([plain, own], store)
    (alone,) = train_runs([settings(recipe="random", name="alone", encoder=PREFIXES)], store)
    assert weights(beside[1]) == weights(alone)
    assert weights(beside[0]) != weights(alone)


def test_each_prefix_has_a_shared_start_of_its_own(settings):
    def name(**encoder):
        config = settings(encoder=encoder)
        problem = load_problem(config)
        return warmup_name(warmup_config(config, problem), problem)

    names = [name(), *(name(**{key: value}) for key, value in PREFIXES.items()), name(**PREFIXES)]
    assert len(set(names)) == 4
    assert name(query_prefix="", document_prefix="", head="ance") == names[0]


def test_a_shared_start_from_before_is_still_found(settings):
    """The name that was given before there were prefixes, another loss, another optimizer, in-batch sharing."""
    rate = {"learning_rate": 6e-4}
    config = settings(warmup=rate, optimizer=rate, threads=1)
    problem = load_problem(config)
    warm = warmup_config(config, problem)
    assert warmup_name(warm, problem) == "warmup-bm25-5-06fd5e10"


def test_a_start_learnt_with_other_prefixes_is_refused(settings, store):
    train_runs([settings(recipe="random", name="first", encoder=PREFIXES)], store)
    with pytest.raises(
        ConfigError, match=r"start: encoder.query_prefix is '' here and 'query: ' in run 'first'"
    ):
        train_runs([settings(recipe="random", start="first")], store)


def test_a_run_from_before_had_none(tmp_path):
    old = EncoderConfig().model_dump(exclude={"head", "query_prefix", "document_prefix"})
    info = {"format_version": FORMAT_VERSION, "config": {"encoder": old}, "kind": "run"}
    (tmp_path / "run.json").write_text(json.dumps(info))
    assert read_info(tmp_path)["config"]["encoder"] == EncoderConfig().model_dump()


def test_a_pretrained_folder_is_known_by_its_content(settings, tmp_path):
    """A copy elsewhere has the same shared start; other weights at the same place have another."""
    texts = load_problem(settings()).dataset.docs

    def name(folder):
        config = settings(encoder={"kind": "hf", "model": str(folder), "max_document_tokens": 30})
        problem = load_problem(config)
        return warmup_name(warmup_config(config, problem), problem)

    first = save_family(tmp_path / "first", "bert", texts)
    before = name(first)
    assert name(shutil.copytree(first, tmp_path / "copy")) == before
    path = first / "model.safetensors"
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    os.utime(path, ns=(1, 1))  # another time, as a file that was written has
    assert name(first) != before


def test_passages_that_would_lack_it_are_refused(settings):
    with pytest.raises(
        ConfigError, match=r"document_prefix: 'passage: ' would stand in the first passage alone"
    ):
        settings(encoder={"document_prefix": "passage: ", "max_passages": 4})
    settings(encoder={"query_prefix": "query: ", "max_passages": 4})
    with pytest.raises(ConfigError, match=r"encoder.query_prefix: .*at most 2000 characters"):
        settings(encoder=merge(PREFIXES, {"query_prefix": "x" * 2001}))
