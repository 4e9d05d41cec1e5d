"""Folders of runs, the app under test, and a browser where one is installed."""

from __future__ import annotations

import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from ance_app import launch
from streamlit.testing.v1 import AppTest

from . import store_of_runs as invented

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync --disable-background-networking"
)


@pytest.fixture(scope="session")
def finished_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods, three seeds each, all finished, and their shared start. Read only."""
    folder = tmp_path_factory.mktemp("finished")
    for method in ("random", "ance"):
        for seed in range(3):
            invented.finished(folder, method, seed, steps=200)
    invented.finished(folder, "bm25", name="warmup-pydocs-0", kind="warmup", steps=100)
    return folder


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch):
    """Opens the app on a folder, by link: `open_page(folder, "convergence", lines="Each run")`."""

    def opened(folder: Path, page: str = "runs", **query: str | list[str]) -> AppTest:
        monkeypatch.setenv("ANCE_RUNS", str(folder))
        monkeypatch.setattr("sys.argv", ["app"])
        script = f"from ance_app.views import {page}\n{page}.page()\n"
        app = AppTest.from_string(script, default_timeout=60)
        app.query_params.update(query)
        return app.run()

    return opened


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """Starts the app on a folder as `ance app` does, from another folder; gives its address."""
    servers: list[subprocess.Popen] = []
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    def started(folder: Path) -> str:
        port = launch.free_port()
        command = launch.streamlit_command(folder, port)
        log = (elsewhere / f"{port}.log").open("wb")
        servers.append(
            subprocess.Popen(command, env=launch.environment(folder), cwd=elsewhere, stdout=log, stderr=log)
        )
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                if urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).read() == b"ok":
                    return address
            except OSError:
                time.sleep(0.1)
        pytest.fail(f"the app did not answer within 30 s: {Path(log.name).read_text()}")

    yield started
    for server in servers:
        server.terminate()
    for server in servers:
        server.wait(timeout=20)


@pytest.fixture(scope="session")
def browser() -> Iterator:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine: the dashboard was not looked at in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=FLAGS.split())
        yield chromium
        chromium.close()
