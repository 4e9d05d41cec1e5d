"""The processes that pages have started: few at a time, whoever asks, and from however many tabs.

A click that is not seen to do anything is repeated, and five trainings then share two cores. So the same command does not
start again while it is at work, and no more than MOST are at work at all.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from ance_core.errors import AnceError

MOST = 2
P = TypeVar("P", bound=subprocess.Popen[bytes] | None)


@dataclass(frozen=True)
class Started:
    """A process, with the words for it and what tells it from others."""

    what: str  # "the training of a fork of ance-tiny-0"
    key: tuple[str, ...]
    process: subprocess.Popen[bytes]


_started: list[Started] = []
_lock = Lock()


def start(what: str, key: Sequence[str], begin: Callable[[], P]) -> P:
    """`begin()`, which starts the process, or answers None where there is no need.

    AnceError while the one with that `key`, or MOST others, are at work.
    """
    with _lock:
        _started[:] = [one for one in _started if one.process.poll() is None]
        if any(one.key == tuple(key) for one in _started):
            raise AnceError(
                f"{what} is at work already: wait until it has ended, or change what is asked for"
            )
        if len(_started) >= MOST:
            others = " and ".join(one.what for one in _started)
            raise AnceError(
                f"{others} are at work, and this page starts no more than {MOST} at a time: wait until one has ended"
            )
        process = begin()
        if process is not None:
            _started.append(Started(what, tuple(key), process))
        return process


def at_work() -> list[str]:
    """What the pages have started and has not ended, in words."""
    with _lock:
        return [one.what for one in _started if one.process.poll() is None]
