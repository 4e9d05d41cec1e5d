"""The `ance` command: thin, each command calls one function.

Heavy imports happen inside commands, so that `ance --help` answers at once.
"""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point: run the command line and leave with its exit code."""
    from .entry import run

    sys.exit(run())
