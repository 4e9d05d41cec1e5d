"""Fixtures that several parts of the suite use."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault(
    "HF_HUB_OFFLINE", "1"
)  # no test asks the hub: without a network each question waits for seconds

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of test collections beside the checkout, or $ANCE_SHARED_DATA; skips where there is none."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("ANCE_SHARED_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no test collections in {folder}: set ANCE_SHARED_DATA to their folder")
    return folder


@pytest.fixture
def ance(capfd):
    """`ance("runs", "list")`: a command in this process, through the real entry point."""
    from ance_core.cli.entry import run

    from .terminal import Done

    def call(*arguments: object) -> Done:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        return Done(code, *capfd.readouterr())

    return call


@pytest.fixture(scope="session")
def settings_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a run that takes a moment, as a file for `--config`."""
    from .training.conftest import SMALL

    path = tmp_path_factory.mktemp("settings") / "small.json"
    path.write_text(json.dumps(SMALL))
    return path
