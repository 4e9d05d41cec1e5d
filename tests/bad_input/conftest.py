"""A runs folder with one finished run in it, which no bad input may change."""

import os
import shutil

import pytest

from ance_core.cli.entry import run as run_command

from ..terminal import refusal, tree


@pytest.fixture(scope="session")
def original(tmp_path_factory, settings_file):
    runs = tmp_path_factory.mktemp("original") / "runs"
    words = ["train", "--config", settings_file, "--name", "good", "--runs", runs]
    assert run_command([str(word) for word in words]) == 0
    return runs


@pytest.fixture
def runs(original, tmp_path):
    """A copy of it, to be put in danger."""
    return shutil.copytree(original, tmp_path / "runs")


@pytest.fixture
def refused(ance, runs, settings_file):
    """`refused("train", ...)`: the message; asserts one line, exit code 1 and an untouched runs folder."""

    def call(*words):
        before = tree(runs)
        small = ["--config", settings_file] if words[0] == "train" and "--resume" not in words else []
        message = refusal(ance(*words, *small, "--runs", runs))
        assert tree(runs) == before
        assert set(os.listdir(runs)) - {".locks"} == {path.split("/")[0] for path in before}
        return message

    return call
