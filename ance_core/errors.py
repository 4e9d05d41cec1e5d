"""The errors a user can meet. Each message is one line: the field, the value, the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class AnceError(Exception):
    """Base of every error a user can cause and mend; the command line prints it without a traceback."""


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
    known, name = sorted(known), name[:100]
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(known)}"
