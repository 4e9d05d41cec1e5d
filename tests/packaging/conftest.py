"""A fresh environment with the project installed from a wheel, and nothing downloaded for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = ("ance_core", "app", "data", "pyproject.toml", "setup.py", "README.md", "LICENSE")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info", ".*cache")


@dataclass(frozen=True)
class Installation:
    """An environment of its own; commands run in `cwd`, an empty folder, and keep their cache in `cache`."""

    folder: Path
    cwd: Path
    cache: Path

    @property
    def scripts(self) -> Path:
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        return self.scripts / "python"

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment without what could lead back to the source tree."""
        ours = {
            "ANCE_CACHE": str(self.cache),
            "PATH": f"{self.scripts}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "100",
        }
        dropped = ("PYTHON", "VIRTUAL_ENV", "ANCE_", "COV_")
        return {k: v for k, v in os.environ.items() if not k.startswith(dropped)} | ours

    def run(self, *arguments: str | Path) -> str:
        """Standard output of a command; the test fails with its errors unless it exits 0."""
        done = subprocess.run(
            [self.scripts / arguments[0], *arguments[1:]],
            cwd=self.cwd,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, f"{arguments} exited {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def evaluate(self, code: str) -> Any:
        """What `code` prints as JSON."""
        return json.loads(self.run("python", "-c", code))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built from a copy of the sources, so that nothing is left in the tree."""
    sources, target = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, sources / name, ignore=LEFT_OUT)
        else:
            shutil.copy(REPOSITORY / name, sources / name)
    pip("wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", target, sources)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel in a new environment, which finds its dependencies where this process has them.

    They are lent by a line in a `.pth` file, which adds a folder without reading the `.pth` files in it: an
    editable installation of the project there stays out of reach.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    here = Installation(folder, tmp_path_factory.mktemp("empty"), tmp_path_factory.mktemp("cache"))
    pip("--python", here.python, "install", "--no-deps", "--no-index", wheel)
    (site,) = (path for path in folder.rglob("site-packages") if path.is_dir() and "lib64" not in path.parts)
    lent = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (site / "lent.pth").write_text("\n".join(lent) + "\n")
    return here


def pip(*arguments: str | Path) -> None:
    """Run pip of this environment, offline."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
