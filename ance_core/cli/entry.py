"""From a command line to an exit code: what a script and a person can rely on whatever happens.

    0 done   1 an error the user can mend   2 wrong usage   70 a defect of this program   130 interrupted

Standard output has the answer and nothing else; progress, notes and errors go to standard error. With
ANCE_DEBUG=1 the logs and tracebacks of every library show there too.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Sequence

import typer

from ..errors import AnceError
from ..tables import one_line

USER_ERROR, DEFECT, INTERRUPTED = 1, 70, 130


def command_line() -> typer.Typer:
    """The whole command line: importing a module of commands registers them, in the order of the help."""
    from . import (  # noqa: F401, I001
        train_commands,
        model_commands,
        geometry_commands,
        probe_commands,
        explain_commands,
        recipe_commands,
        data_commands,
        tune_commands,
        run_commands,
        serve_commands,
    )
    from .app import app

    return app


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command (default: `sys.argv`); returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    return guarded(lambda: command_line()(words, prog_name="ance"))


def guarded(work: Callable[[], int | None]) -> int:
    """The exit code of `work()`, with every exception turned into one line on standard error."""
    _keep_quiet()
    try:
        return work() or 0
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED
    except AnceError as error:
        _say(str(error))
        _show_traceback()
        return USER_ERROR
    except Exception as error:
        reason = f"unexpected: {type(error).__name__}: {error}"
        _say(reason if _show_traceback() else f"{reason}; {_kept_traceback()}")
        return DEFECT


def debugging() -> bool:
    """Whether the user asked to see everything."""
    return os.environ.get("ANCE_DEBUG", "0") not in ("", "0")


def _say(message: str) -> None:
    print("ance:", one_line(message), file=sys.stderr)


def _show_traceback() -> bool:
    if debugging():
        traceback.print_exc()
    return debugging()


def _kept_traceback() -> str:
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="ance-traceback-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            traceback.print_exc(file=file)
    except OSError:  # the disk may be what failed
        return "set ANCE_DEBUG=1 to see the traceback"
    return f"the traceback is in {file.name}, please report it"


def _keep_quiet() -> None:
    """Only this package's own notes reach the terminal: nobody at a prompt can act on a library's warning."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a terminal that lacks a letter is no reason to stop
    if debugging():
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
        return
    for name, value in (("TRANSFORMERS_VERBOSITY", "error"), ("HF_HUB_VERBOSITY", "error")):
        os.environ.setdefault(name, value)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    root, own = logging.getLogger(), logging.getLogger("ance_core")
    if not root.handlers:
        root.addHandler(logging.NullHandler())  # else Python prints what libraries log
    if not own.handlers:
        own.addHandler(_Notes())


class _Notes(logging.Handler):
    """Writes `note: message` lines to what standard error is at that moment."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        from .app import console

        console.print("note:", one_line(record.getMessage()), style="yellow", markup=False, highlight=False)
