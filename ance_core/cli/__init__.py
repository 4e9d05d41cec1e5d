"""The `ance` command: thin, each command calls one function.

Heavy imports happen inside commands, so that `ance --help` answers at once.
"""

from __future__ import annotations

import sys

from ..errors import AnceError
from .app import app


def main() -> None:
    """Run the command line; an error the user can mend is one line on standard error and exit code 1."""
    # Importing the commands registers them.
    from . import data_commands, recipe_commands, run_commands, serve_commands, train_commands  # noqa: F401

    try:
        app()
    except AnceError as error:
        print(f"ance: {error}", file=sys.stderr)
        sys.exit(1)
