"""One call on a damaged input: it answers, or it refuses in one line; anything else is a failure."""

from __future__ import annotations

import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ance_core.errors import AnceError

HANG_S = 120.0  # only a fault takes so long, also on a busy machine
LONGEST = 1500  # characters of a message


class Hung(BaseException):
    """The call did not come back."""


@contextmanager
def limited(seconds: float = HANG_S) -> Iterator[None]:
    """Raise Hung in the block when it takes longer; without effect where there is no alarm clock."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def ask(call: Callable[[], Any]) -> str:
    """What is wrong with how `call` ends; empty where it answers, or refuses by an AnceError of one short line."""
    try:
        with limited():
            call()
    except AnceError as error:
        return badly_said(str(error))
    except Hung:
        return f"no answer within {HANG_S:.0f} s"
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        own = [
            f
            for f in traceback.extract_tb(error.__traceback__)
            if "ance_" in f.filename or "/app/" in f.filename
        ]
        place = own[-1] if own else frame
        return f"{type(error).__name__}: {str(error)[:150]!r} at {place.filename.rsplit('/', 3)[-1]}:{place.lineno}"
    except BaseException as error:  # what Rust libraries raise when they panic
        return f"{type(error).__name__}: {str(error)[:150]!r}"
    return ""


def badly_said(message: str) -> str:
    """What is wrong with a message; empty where nothing is."""
    if len(message) > LONGEST:
        return f"a message of {len(message)} characters: {message[:100]!r}"
    odd = [c for c in message if not c.isprintable()]
    return f"a message with {odd[0]!r} in it: {message[:150]!r}" if odd else ""
