"""Questions to a table of a million recorded negatives; target: filtered and drawn in less than a second.

The table is made up: twelve parts, as a long run writes them, with scores, ranks and hidden relevants at random. Every
question reads the files anew; what the dashboard keeps between two looks is not used. Drawing makes the Plotly figure
and its JSON. The what-if row is one move of a slider, over as many candidates as are ever computed with.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from ance_app.charts.bars import panels
from ance_app.charts.groups import Member, by_method

from ance_core.data import Qrels
from ance_core.probes import negatives, whatif
from ance_core.probes.whatif.frozen import CELLS
from ance_core.runs.negatives import Buffer, write_part
from ance_core.samplers import SOURCES, Pool

from .rows import Row
from .stats import Spread

PARTS, N_DOCS, N_QUERIES = 12, 20_000, 5_000


def run(quick: bool) -> Iterator[Row]:
    """A row a question."""
    rows, rounds = (12_000, 2) if quick else (1_000_000, 7)
    with tempfile.TemporaryDirectory() as folder:
        write_table(Path(folder), rows)
        said = f"{rows:,} records: "
        for what, ask in QUESTIONS.items():
            yield _row(said + what, lambda ask=ask: ask(Path(folder)), rounds, 1.0)
    for what, move in _moves(3_000 if quick else CELLS):
        yield _row(what, move, rounds, 0.2)


def write_table(run: Path, rows: int) -> None:
    """Records of a made-up run, in PARTS parts."""
    rng = np.random.default_rng(0)
    size = rows // PARTS
    for part in range(PARTS):
        buffer = Buffer()
        buffer.append(
            {
                "step": np.sort(rng.integers(part * size, (part + 1) * size, size)) // 32 + 1,
                "query": rng.integers(0, N_QUERIES, size),
                "positive": rng.integers(0, N_DOCS, size),
                "document": rng.integers(0, N_DOCS, size),
                "source": np.array(SOURCES)[rng.integers(0, 5, size)],
                "rank": rng.integers(-1, 200, size),
                "score": rng.normal(size=size),
                "positive_score": rng.normal(2, 1, size=size),
                "probability": rng.random(size),
                "index_step": np.zeros(size, np.int64),
                "hidden": rng.random(size) < 0.01,
            }
        )
        write_part(run, buffer.split(None)[0])


def difficulty(run: Path) -> None:
    """The histogram by thirds of the training, as a figure in JSON."""
    records = negatives.open_records(run)
    drawn = records.read(["step", "score", "positive_score"])
    gap = drawn["score"] - drawn["positive_score"]
    edges = negatives.even_edges(*np.quantile(gap, [0.002, 0.998]), 40)
    phase = negatives.phase_of(drawn["step"], records.last, 3)
    counted = negatives.histogram(gap, edges, phase, 3)
    group = by_method([Member("run", "ance", 0)])
    panels(group, {"ance": counted.shares[2]}, edges, "gap", counts={"ance": counted.counts[2]}).to_json()


def hidden(run: Path) -> None:
    """False negatives by rank band and over time."""
    drawn = negatives.open_records(run).read(["step", "rank", "hidden"])
    negatives.hidden_by_band(drawn["rank"], drawn["hidden"])
    negatives.hidden_over_time(
        drawn["step"], drawn["hidden"], np.linspace(0, drawn["step"].max(), 21).astype(int)
    )


def bar(run: Path) -> None:
    """All columns of the records in one bar: a late third, one bin of the score gap."""
    records = negatives.open_records(run)
    gap = pc.field("score") - pc.field("positive_score")
    where = (pc.field("step") > records.last * 2 // 3) & (gap >= 0.0) & (gap < 0.2)
    records.read(["step", "query", "positive", "document", "source", "rank", "score", "hidden"], where)


def variety(run: Path) -> None:
    """How often each document was drawn, and repeats."""
    drawn = negatives.open_records(run).read(["step", "query", "document"])
    negatives.gini(negatives.draw_counts(drawn["document"], N_DOCS))
    negatives.repeats(drawn["step"], drawn["query"], drawn["document"])


QUESTIONS: dict[str, Callable[[Path], None]] = {
    "difficulty by phase, drawn": difficulty,
    "false negatives by rank and over time": hidden,
    "the negatives in one bar": bar,
    "documents and repeats": variety,
}


def _moves(cells: int) -> Iterator[tuple[str, Callable[[], object]]]:
    rng = np.random.default_rng(0)
    k, queries = 200, max(cells // 200, 2)
    docs = np.stack([rng.permutation(N_DOCS)[:k] for _ in range(queries)]).astype(np.int32)
    scores = -np.sort(-rng.normal(size=docs.shape).astype(np.float32), axis=1)
    labels = Qrels.of(np.arange(queries), np.full(queries, N_DOCS), np.ones(queries, int)).labels()
    pool = Pool.of(docs, scores, rng.normal(2, 1, queries).astype(np.float32), "ann", 0)
    hidden = Qrels.of(np.arange(queries), docs[:, 3], np.ones(queries, int))
    known = whatif.situation(0, pool, labels, hidden, N_DOCS + 1)
    for settings in (whatif.WhatIf("ance", k), whatif.WhatIf("simans", k, a=0.5)):
        what = f"what if {settings.recipe}, {queries:,} queries with {k} candidates"
        yield what, lambda settings=settings: whatif.imagine(known, settings)


def _row(what: str, work: Callable[[], object], rounds: int, target: float) -> Row:
    work()  # the first time reads from the disk
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return Row(what, Spread.of(np.array(seconds)), "s", target, at_least=False)
