"""Two finished runs on the tiny dataset, trained once and never written to."""

import shutil

import pytest

from ance_core.cli.entry import run as run_command


@pytest.fixture(scope="session")
def trained(tmp_path_factory, settings_file):
    """A runs folder with the runs `random-a` and `ance-a`, and their warm-up."""
    runs = tmp_path_factory.mktemp("trained") / "runs"
    for recipe in ("random", "ance"):
        words = [
            "train",
            "--config",
            settings_file,
            "--recipe",
            recipe,
            "--name",
            f"{recipe}-a",
            "--runs",
            runs,
        ]
        assert run_command([str(word) for word in words]) == 0
    return runs


@pytest.fixture
def copied(trained, tmp_path):
    """The same, to do with as one likes."""
    return shutil.copytree(trained, tmp_path / "runs")
