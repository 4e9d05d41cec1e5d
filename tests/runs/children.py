"""Other processes for the tests to share a store with."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

Start = Callable[..., "subprocess.Popen[str]"]


def environment() -> dict[str, str]:
    """This process's environment, with what it can import."""
    paths = [str(Path(__file__).parent), *filter(None, sys.path), os.getcwd()]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def start_python(code: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
