"""Stores in temporary folders, and other processes to share them with."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ance_core.runs import Store

from .children import Start, start_python


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs", create=True)


@pytest.fixture
def start() -> Iterator[Start]:
    """`start(code, *arguments)` runs Python code in another process; what still runs at the end is killed."""
    processes: list[subprocess.Popen[str]] = []

    def run(code: str, *arguments: object) -> "subprocess.Popen[str]":
        processes.append(start_python(code, *arguments))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()
