"""The command line as its users have it: arguments in; exit code, standard output and standard error back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "ance_core", *map(str, arguments)]


def process(*arguments: object, **environment: str) -> Done:
    """A command in a process of its own."""
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    return Done(done.returncode, done.stdout, done.stderr)


def tree(folder: Path) -> dict[str, int]:
    """Every file below a folder with its size; locks, which hold nothing, left out."""
    if not folder.exists():
        return {}
    files = (path for path in folder.rglob("*") if ".locks" not in path.parts)
    return {str(path.relative_to(folder)): path.stat().st_size for path in files if path.is_file()}


def refusal(done: Done) -> str:
    """The message of a command that was refused as it should be: exit code 1 and one line, without traceback."""
    assert done.code == 1, done
    assert done.out == ""
    assert done.err.startswith("ance: ")
    assert done.err.count("\n") == 1, done.err
    assert done.err.endswith("\n")
    return done.err.removeprefix("ance: ").rstrip("\n")
