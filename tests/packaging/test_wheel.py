"""What `pip install` gives somebody who never sees the source tree: everything, and it starts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import REPOSITORY, Installation

INSTALLED_AS = {"ance_core": "ance_core", "app": "ance_app", "data/samples": "ance_samples"}


def sources() -> set[str]:
    """Every file of the folders that are installed, by the path it should have in the wheel."""
    return {
        f"{name}/{path.relative_to(REPOSITORY / folder).as_posix()}"
        for folder, name in INSTALLED_AS.items()
        for path in (REPOSITORY / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".DS_Store"
    }


def test_wheel_holds_the_installed_folders_and_nothing_else(wheel: Path) -> None:
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == sources()
    assert {"ance_core/py.typed", "ance_app/.streamlit/config.toml"} <= packed


def test_licence_and_command_are_in_the_wheel(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (licence,) = (name for name in archive.namelist() if name.endswith("LICENSE"))
    assert archive.read(licence) == (REPOSITORY / "LICENSE").read_bytes()
    (commands,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert "ance = ance_core.cli:main" in archive.read(commands).decode()


def test_code_comes_from_the_installation(installation: Installation) -> None:
    code = (
        "import json, ance_core, ance_app, ance_samples;"
        "print(json.dumps([m.__file__ for m in (ance_core, ance_app, ance_samples)]))"
    )
    for path in installation.evaluate(code):
        assert Path(path).is_relative_to(installation.folder)


def test_data_list_names_the_embedded_datasets(installation: Installation) -> None:
    assert {"catalogue", "pydocs", "tiny", "campus"} == set(
        json.loads(installation.run("ance", "data", "list", "--json"))
    )


def test_every_installed_module_can_be_imported(installation: Installation) -> None:
    names = sorted(
        ".".join(Path(path).with_suffix("").parts).removesuffix(".__init__")
        for path in sources()
        if path.endswith(".py") and not path.endswith(("__main__.py", "ance_app/main.py"))
    )
    code = f"import importlib, json; [importlib.import_module(n) for n in {names!r}]; print('true')"
    assert installation.evaluate(code) is True


def test_app_answers(installation: Installation, tmp_path: Path) -> None:
    port = free_port()
    with started(installation, "app", "--no-browser", "--port", str(port), "--runs", str(tmp_path)) as alive:
        address = f"http://127.0.0.1:{port}"
        assert answer(f"{address}/_stcore/health", alive) == b"ok"
        assert b"<title>" in answer(address, alive)


def test_demo_trains_every_method(installation: Installation, tmp_path: Path) -> None:
    runs = str(tmp_path / "runs")
    port = str(free_port())
    options = ["--no-browser", "--no-serve", "--data", "tiny", "--steps", "20", "--runs", runs]
    installation.run("ance", "demo", "--port", port, *options)
    listed = json.loads(installation.run("ance", "runs", "list", "--runs", runs, "--json"))["runs"]
    methods = [run for run in listed if not run["run"].startswith("warmup")]
    assert len(methods) >= 8
    assert {(run["state"], run["steps"]) for run in methods} == {("finished", 20)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def started(installation: Installation, *arguments: str) -> Iterator[Callable[[], None]]:
    """`ance` with arguments in the background; what it yields fails the test if the command has ended."""
    log = installation.cwd.parent / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [installation.scripts / "ance", *arguments],
            cwd=installation.cwd,
            env=installation.environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

        def alive() -> None:
            if server.poll() is not None:
                pytest.fail(f"ance {arguments} ended with {server.returncode}: {log.read_text()}")

        try:
            yield alive
        finally:
            os.killpg(server.pid, signal.SIGTERM)  # the command and the server it started
            server.wait(timeout=30)


def answer(address: str, alive: Callable[[], None]) -> bytes:
    """What a server answers once it does."""
    for _ in range(600):
        alive()
        try:
            return urllib.request.urlopen(address, timeout=5).read()
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"{address} did not answer within a minute")
