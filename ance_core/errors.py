"""The errors a user can meet. Each message is one line: the field, the value, the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_KNOWN = 40  # names that a message lists
LONGEST = 1000  # characters of a message
SHOWN = 200  # of one value that a message repeats


class AnceError(Exception):
    """Base of every error a user can cause and mend; the command line prints it without a traceback.

    A message that repeats more of the input than anybody reads loses its middle: field and remedy stand at its ends.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(cut(message, LONGEST))


class DataError(AnceError):
    """A dataset that cannot be read or would break training. Names file and line where there is one."""


class ConfigError(AnceError):
    """A setting that is unknown, out of range, or contradicts another."""


class StoreError(AnceError):
    """A runs folder that cannot be read or written."""


class TrainingError(AnceError):
    """A training that had to stop: a non-finite loss, a pool smaller than the draw, a vanished file."""


class ProbeError(AnceError):
    """A measurement that what was recorded does not allow: vectors that are not finite, nothing recorded."""


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the closest known name, else a list of all of them.

    >>> nearest("recal", ["recall", "precision"])
    "; did you mean 'recall'?"
    """
    known = sorted(known)
    close = get_close_matches(name[:SHOWN], known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{cut(close[0])}'?"
    more = f" and {len(known) - MOST_KNOWN} more" if len(known) > MOST_KNOWN else ""
    return f"; known: {', '.join(map(cut, known[:MOST_KNOWN]))}{more}"


def cut(text: str, width: int = SHOWN) -> str:
    """A text of at most about `width` characters, its middle left out where it has more.

    >>> cut("a" * 300_000, 11)
    'aaaaaa ... aaa'
    """
    text = "".join(c if c.isprintable() else " " for c in str(text))
    return text if len(text) <= width else f"{text[: width * 3 // 5]} ... {text[-(width * 3 // 10) :]}"
