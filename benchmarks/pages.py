"""Seconds until a page of the dashboard shows its first figure in the browser, on a folder of 50 runs.

Five methods are trained on `campus` with one label a query and copied under ten seeds; one run has a probe of its
gradients. From a click on the page's name, somebody having looked at the page Runs for two seconds, until the figure
is in view: once in a dashboard just started, and again for another reader. The server and Chromium, which draws
without a graphics card, share the two cores.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from ance_app import launch

from ance_core.experiments.probe import probe_run
from ance_core.runs import Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

from .demo import answers
from .rows import Row
from .stats import Spread

METHODS = ("random", "bm25", "ance", "simans", "dance")
PAGES = ("Convergence", "Gradients", "Embedding space", "Negatives", "What-if sampler")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FIGURE = ".ance-figure .main-svg"


def run(quick: bool) -> Iterator[Row]:
    """Two rows a page. Raises RuntimeError where there is no Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise RuntimeError("pages: there is no Chromium here to look with: install one")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        make_runs(Path(folder), 2 if quick else 10, 60 if quick else 600)
        runs = len(METHODS) * (2 if quick else 10)
        chromium = driver.chromium.launch(executable_path=program, args=FLAGS)
        for page in PAGES:
            yield from _page(chromium, Path(folder), page, runs, 1 if quick else 5)
        chromium.close()


def _page(chromium: Any, folder: Path, page: str, runs: int, rounds: int) -> Iterator[Row]:
    first, again = [], []
    for _ in range(rounds):
        with _served(folder) as address:
            first.append(seconds_to_figure(chromium, address, page))
            again.append(seconds_to_figure(chromium, address, page))
    for what, seconds in (("first", first), ("again", again)):
        yield Row(f"{page}, {runs} runs, {what}", Spread.of(np.array(seconds)), "s", 1.0, at_least=False)


def seconds_to_figure(chromium: Any, address: str, page: str) -> float:
    """In a new session of the browser that stands at the page Runs."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    tab = context.new_page()
    tab.goto(address)
    tab.locator(".ance-table").first.wait_for(timeout=60_000)
    tab.wait_for_timeout(2000)
    start = time.perf_counter()
    tab.get_by_role("link", name=page).first.click()
    tab.locator(FIGURE).first.wait_for(timeout=60_000)
    seconds = time.perf_counter() - start
    context.close()
    return seconds


def make_runs(folder: Path, seeds: int, steps: int) -> None:
    """Real runs of METHODS, and copies of them under other seeds."""
    store = Store(folder, create=True)
    for recipe in METHODS:
        (run,) = train_runs(
            [resolve({"data": "campus", "labels_per_query": 1, "recipe": recipe, "steps": steps})], store
        )
        for seed in range(1, seeds):
            copy = folder / f"{recipe}-copy-s{seed}"
            shutil.copytree(run.folder, copy)
            info = json.loads((copy / "run.json").read_text())
            info |= {"name": copy.name, "seed": seed, "config": info["config"] | {"seed": seed}}
            (copy / "run.json").write_text(json.dumps(info))
    probe_run(run, queries=128)


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    port = launch.free_port(8701)
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(
        launch.streamlit_command(folder, port), env=launch.environment(folder), stdout=quiet, stderr=quiet
    )
    try:
        until = time.monotonic() + 60
        while not answers(port):
            if time.monotonic() > until:
                raise RuntimeError("pages: the dashboard did not answer within a minute")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)
