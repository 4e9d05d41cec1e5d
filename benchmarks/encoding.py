"""Encoding: `encode_corpus` against `SentenceTransformer.encode`, the same weights on both sides.

From tokens made once, as training and refreshes work, and from raw text, tokenised each time.
"""

from __future__ import annotations

from collections.abc import Iterator

from .duel import Side, duel
from .rows import Row, compared

THREADS = {"static": 1, "mini": 2}
TARGETS = {"static": 10.0, "mini": 2.5}
LIMIT = {"static": None, "mini": 400}
ROUNDS = {"static": 7, "mini": 11}


def run(quick: bool) -> Iterator[Row]:
    """Three rows an encoder; the target is stated for tokens made once."""
    for kind in THREADS:
        yield from _rows(kind, quick)


def _rows(kind: str, quick: bool) -> list[Row]:
    settings = {"kind": kind, "limit": 60 if quick else LIMIT[kind]}
    laps = duel(
        Side("benchmarks.ours:encode", settings),
        Side("benchmarks.theirs:encode", settings),
        rounds=2 if quick else ROUNDS[kind],
        threads=THREADS[kind],
    )
    who = f"{kind}, {THREADS[kind]} thread{'s' * (THREADS[kind] > 1)}"
    unit = "documents/s"
    return [
        compared(
            f"{who}: 128-token documents, tokens made once",
            laps.pairs("made once", "full"),
            unit,
            TARGETS[kind],
        ),
        compared(f"{who}: 128-token documents, from raw text", laps.pairs("raw", "full"), unit),
        compared(f"{who}: documents as they are", laps.pairs("natural", "natural"), unit),
    ]
