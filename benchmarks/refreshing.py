"""A refresh against `mine_hard_negatives`, same weights and texts: pydocs:stdlib, every training query, ranks up to 200.

Ours is what training does: encode the corpus and the queries, index, search, take judged positives out, keep
pools of 200 with their scores, write them to the run's folder; the training step that follows is inside too.
Theirs returns a table of texts, as "n-tuple": once all 200 negatives of a query, once a single one drawn from the
200, which leaves out most of the time it needs to build the table.
"""

from __future__ import annotations

from collections.abc import Iterator

from .duel import Side, duel
from .rows import Row, compared

THREADS = {"static": 1, "mini": 2}
CASES = (("static", 200, 5), ("static", 1, 7), ("mini", 200, 3))


def run(quick: bool) -> Iterator[Row]:
    """One row a case; all have the target of three times as fast."""
    for case in CASES[:1] if quick else CASES:
        yield _row(*case, quick)


def _row(kind: str, negatives: int, rounds: int, quick: bool) -> Row:
    limit, threads = 60 if quick else None, THREADS[kind]
    laps = duel(
        Side("benchmarks.ours:refresh", {"kind": kind, "threads": threads, "limit": limit}),
        Side("benchmarks.theirs:refresh", {"kind": kind, "negatives": negatives, "limit": limit}),
        rounds=2 if quick else rounds,
        threads=threads,
    )
    kept = "200 negatives kept" if negatives > 1 else "one of 200 kept by theirs"
    return compared(
        f"{kind}, {kept}, {threads} thread{'s' * (threads > 1)}", laps.pairs(), "s a refresh", 3.0, threads
    )
