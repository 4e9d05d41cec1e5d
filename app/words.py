"""Numbers and states as people say them. Used by every page, so that one thing reads the same everywhere."""

from __future__ import annotations

import math
from typing import NamedTuple


class State(NamedTuple):
    """How a run's state is said: `word` in tables, `tone` for its colour, `meaning` in a sentence."""

    word: str
    tone: str  # calm | active | good | warn | bad
    meaning: str


STATES = {
    "waiting": State("Waiting", "calm", "Its process has started and prepares the data."),
    "warming-up": State("Warming up", "active", "It trains the shared start that all methods begin from."),
    "running": State("Running", "active", "It is training now."),
    "paused": State("Paused", "warn", "It holds still until it is resumed or stepped."),
    "finished": State("Finished", "good", "All steps are done and the final metrics are in."),
    "stopped": State("Stopped", "calm", "It was asked to stop before its last step."),
    "failed": State("Failed", "bad", "It met an error and ended."),
    "dead": State("Died", "bad", "Its process ended without a word: killed, or out of memory."),
}
ACTIVE = frozenset({"waiting", "warming-up", "running", "paused"})
CUT_SHORT = frozenset({"stopped", "failed", "dead"})


def state(name: str) -> State:
    """The words for a state; an unknown one is shown as it is."""
    return STATES.get(name) or State(name.replace("-", " ").capitalize(), "calm", "")


def number(value: float | None, digits: int = 3) -> str:
    """`0.512`; a dash where there is no number.

    >>> number(0.51234), number(None), number(float("nan"))
    ('0.512', '–', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:,.{digits}f}"


def spread(mean: float | None, half: float | None, digits: int = 3) -> str:
    """`0.512 ± 0.008`, or the mean alone where no interval is known."""
    if half is None or not math.isfinite(half):
        return number(mean, digits)
    return f"{number(mean, digits)} ± {number(half, digits)}"


def of_corpus(k: int, documents: int) -> str:
    """A number of ranks with its share of the corpus, without which it says little.

    >>> of_corpus(200, 5_000), of_corpus(100, 695)
    ('200 of 5,000 documents, 4.0 %', '100 of 695 documents, 14.4 %')
    """
    return f"{k:,} of {documents:,} documents, {100 * k / documents:.1f} %"


def duration(seconds: float | None) -> str:
    """A length of time in its two largest units.

    >>> duration(4.2), duration(130), duration(3900), duration(200_000)
    ('4 s', '2 min 10 s', '1 h 05 min', '2 d 7 h')
    """
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def ago(seconds: float) -> str:
    """How long ago, in one unit.

    >>> ago(3), ago(90), ago(7200), ago(100_000)
    ('just now', '1 min ago', '2 h ago', '1 day ago')
    """
    if seconds < 20:
        return "just now"
    if seconds < 60:
        return f"{int(seconds)} s ago"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86_400:
        return f"{int(seconds // 3600)} h ago"
    days = int(seconds // 86_400)
    return f"{days} day{'s' if days > 1 else ''} ago"


def speed(steps_per_second: float | None) -> str:
    """`142 steps/s`, or `2.4 s/step` for slow ones.

    >>> speed(142.3), speed(7.25), speed(0.4), speed(0)
    ('142 steps/s', '7.2 steps/s', '2.5 s/step', '–')
    """
    if not steps_per_second or not math.isfinite(steps_per_second):
        return "–"
    if steps_per_second < 1:
        return f"{1 / steps_per_second:.1f} s/step"
    return f"{steps_per_second:.0f} steps/s" if steps_per_second >= 10 else f"{steps_per_second:.1f} steps/s"


def count(n: int, noun: str) -> str:
    """`1 run`, `6 runs`, `2 queries`.

    >>> count(1, "run"), count(6, "run"), count(2, "training query")
    ('1 run', '6 runs', '2 training queries')
    """
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{n:,} {noun if n == 1 else plural}"


def listing(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
