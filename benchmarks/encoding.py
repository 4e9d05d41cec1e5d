"""Encoding: `encode_corpus` against `SentenceTransformer.encode`, the same weights on both sides.

From tokens made once, as training and refreshes work, and from raw text, tokenised each time.
"""

from __future__ import annotations

from collections.abc import Iterator

from .duel import Side, duel
from .rows import Row, compared

THREADS = {"static": (1,), "mini": (1, 2)}
TARGETS = {"static": 10.0, "mini": 2.5}
LIMIT = {"static": None, "mini": 200}
ROUNDS = {"static": 7, "mini": 9}


def run(quick: bool) -> Iterator[Row]:
    """Three rows an encoder; the target is stated for tokens made once."""
    for kind, counts in THREADS.items():
        for threads in counts[:1] if quick else counts:
            yield from _rows(kind, threads, quick)


def _rows(kind: str, threads: int, quick: bool) -> list[Row]:
    settings = {"kind": kind, "limit": 60 if quick else LIMIT[kind]}
    laps = duel(
        Side("benchmarks.ours:encode", settings),
        Side("benchmarks.theirs:encode", settings),
        rounds=2 if quick else ROUNDS[kind],
        threads=threads,
    )
    who = f"{kind}, {threads} thread{'s' * (threads > 1)}"
    unit = "documents/s"
    return [
        compared(
            f"{who}: 128-token documents, tokens made once",
            laps.pairs("made once", "full"),
            unit,
            TARGETS[kind],
            threads,
        ),
        compared(
            f"{who}: 128-token documents, from raw text", laps.pairs("raw", "full"), unit, None, threads
        ),
        compared(f"{who}: documents as they are", laps.pairs("natural", "natural"), unit, None, threads),
    ]
