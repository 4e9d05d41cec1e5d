"""Training steps: the loop of `ance train` against SentenceTransformerTrainer.

Batches of 32 queries, each with a passage and a BM25 negative of 128 tokens; recording on. Theirs has its
default arguments and MultipleNegativesRankingLoss. Ours also draws its negatives anew at every step.
"""

from __future__ import annotations

from collections.abc import Iterator

from .duel import Side, duel
from .rows import Row, compared

OURS, THEIRS = "benchmarks.ours:train", "benchmarks.theirs:train"
CASES = (
    # kind, their model, what, threads, target, steps a turn, rounds
    ("static", "bare", "static against StaticEmbedding alone", (1, 2), 5.0, 50, 12),
    ("static", "same", "static against the same layers", (1,), 5.0, 50, 9),
    ("mini", "dropout", "mini against the same BERT with its usual dropout", (1, 2), 2.5, 5, 7),
    ("mini", "same", "mini against the same BERT without dropout, as ours", (1, 2), 2.5, 5, 7),
)


def run(quick: bool) -> Iterator[Row]:
    """One row a case and number of threads, then one with evaluation, snapshots and checkpoints on our side."""
    for kind, model, what, thread_counts, target, steps, rounds in CASES:
        for threads in thread_counts[:1] if quick else thread_counts:
            yield _row(kind, model, what, threads, target, steps, rounds, quick)
    if not quick:
        what = "static against StaticEmbedding alone, ours with evaluation, snapshots and checkpoints"
        yield _row("static", "bare", what, 1, None, 200, 4, quick, milestones=True)


def _row(
    kind: str, model: str, what: str, threads: int, target: float | None, steps: int, rounds: int, quick: bool,
    milestones: bool = False,
) -> Row:  # fmt: skip
    size = {"steps": 2 if quick else steps, "limit": 200 if quick else None}
    laps = duel(
        Side(OURS, {"kind": kind, "threads": threads, "milestones": milestones, **size}),
        Side(THEIRS, {"kind": kind, "model": model, **size}),
        rounds=2 if quick else rounds,
        threads=threads,
    )
    return compared(
        f"{what}, {threads} thread{'s' * (threads > 1)}", laps.pairs(), "ms a step", target, threads
    )
