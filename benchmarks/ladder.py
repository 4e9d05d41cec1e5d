"""How much of a result is the number of negatives, how much the loss, how much the sampler: docs/results.md's ladder.

    python -m benchmarks.ladder --data catalogue --seeds 5 --runs RUNS
    python -m benchmarks.ladder --data catalogue --seeds 5 --runs RUNS --table

Every sampler with n = 1, 7, 31 negatives a query, the pairwise loss and the softmax, with the batch's other passages
among the negatives and without. All from the same start, on the same queries in the same order. `in-batch` (the 31 other
positives), `star` and `ance-tele` (63 passages) stand beside it with both losses. What is finished in the folder is not
trained again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ance_core.config import RunConfig, merge
from ance_core.data import Dataset, load_dataset
from ance_core.runs import Run, Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

from .collection_table import (
    MEASURE,
    ONE_LABEL,
    QUIET,
    bm25_quality,
    is_finished,
    per_query,
    signed,
    start_of,
)

SAMPLERS = ("random", "bm25", "ance", "simans", "top")
WHOLE = ("in-batch", "star", "ance-tele")
NUMBERS, LOSSES = (1, 7, 31), ("pairwise", "softmax")


class Arm(NamedTuple):
    """One cell of the ladder. n: None where the batch decides it."""

    recipe: str
    n: int | None
    loss: str
    shared: bool

    def name(self, data: str, seed: int) -> str:
        number = f"-n{self.n}" if self.n else ""
        return f"{self.recipe}{number}-{self.loss}{'-shared' * self.shared}-{Path(data).name.replace(':', '-')}-{seed}"

    def config(self, data: str, seed: int) -> RunConfig:
        values: dict[str, Any] = {"data": data, "recipe": self.recipe, "seed": seed, "record": QUIET}
        values |= {"objective": {"kind": self.loss}, "name": self.name(data, seed)}
        if Path(data).name in ONE_LABEL:
            values["labels_per_query"] = 1
        own = {"negatives": {"in_batch": self.shared, "per_query": self.n}} if self.n else {}
        return resolve(merge(values, own))


def arms(samplers: list[str], numbers: list[int]) -> Iterator[Arm]:
    for recipe, n, shared, loss in product(samplers, numbers, (False, True), LOSSES):
        if not (n == 1 and loss == "softmax" and not shared):  # of one negative both losses are the same
            yield Arm(recipe, n, loss, shared)
    for recipe, loss in product(WHOLE, LOSSES):
        yield Arm(recipe, None, loss, False)


def train(store: Store, data: str, wanted: list[Arm], seed: int, dataset: Dataset) -> None:
    """One arm after the other: whole ladders in turns would keep too many models in memory."""
    for arm in wanted:
        if is_finished(store, arm.name(data, seed)):
            continue
        (run,) = train_runs([arm.config(data, seed)], store, dataset=dataset)
        print(run.name, round(run.results()["test"][MEASURE], 4), flush=True)


def values_of(store: Store, data: str, arm: Arm, seeds: int, split: str) -> np.ndarray:
    """(S, Q) the measure of each query."""
    return np.array([per_query(store.run(arm.name(data, seed)), split) for seed in range(seeds)])


def table(store: Store, data: str, wanted: list[Arm], seeds: int, split: str) -> str:
    """A row a sampler and n; a column a loss and sharing: mean, and the difference to `random` of the same column."""
    columns = [(shared, loss) for shared in (False, True) for loss in LOSSES]
    heads = [f"{loss}{', in-batch' if shared else ''}" for shared, loss in columns]
    lines = [f"| {Path(data).name}, {split} | n | {' | '.join(heads)} |", f"|---|---|{'---|' * len(heads)}"]
    for recipe, n in dict.fromkeys((arm.recipe, arm.n) for arm in wanted if arm.n):
        cells = [_cell(store, data, Arm(recipe, n, loss, shared), seeds, split) for shared, loss in columns]
        if n == 1:
            cells[1] = cells[0]
        lines.append(f"| `{recipe}` | {n} | {' | '.join(cells)} |")
    for recipe in WHOLE:
        cells = [
            _mean(values_of(store, data, Arm(recipe, None, loss, False), seeds, split)) for loss in LOSSES
        ]
        n = "31" if recipe == "in-batch" else "1 + 62"
        lines.append(f"| `{recipe}` | {n} | {' | '.join(['', '', *cells])} |")
    return "\n".join(lines)


def _cell(store: Store, data: str, arm: Arm, seeds: int, split: str) -> str:
    if arm.n == 1 and arm.loss == "softmax" and not arm.shared:
        return ""
    found = values_of(store, data, arm, seeds, split)
    if arm.recipe == "random":
        return _mean(found)
    other = values_of(store, data, arm._replace(recipe="random"), seeds, split)
    return f"{_mean(found)} ({signed(found - other)})"


def _mean(values: np.ndarray) -> str:
    return f"{values.mean():.3f}"


CHAIN = (
    ("in-batch over random, n = 31, softmax", ("in-batch", None, "softmax"), ("random", 31, "softmax")),
    ("ance over in-batch, n = 31, softmax", ("ance", 31, "softmax"), ("in-batch", None, "softmax")),
    ("star over random, 63 passages, pairwise", ("star", None, "pairwise"), ("random", 1, "pairwise", True)),
    (
        "ance-tele over random, 63 passages, softmax",
        ("ance-tele", None, "softmax"),
        ("random", 1, "softmax", True),
    ),
    (
        "the loss: softmax over pairwise, random, n = 31",
        ("random", 31, "softmax"),
        ("random", 31, "pairwise"),
    ),
    (
        "the number: n = 31 over n = 1, random, pairwise",
        ("random", 31, "pairwise"),
        ("random", 1, "pairwise"),
    ),
    ("the sampler: ance over random, n = 1, pairwise", ("ance", 1, "pairwise"), ("random", 1, "pairwise")),
)
"""The steps in which a class reads the ladder, each between two arms that differ in one thing: (recipe, n, loss, shared)."""


def steps(store: Store, data: str, wanted: list[Arm], seeds: int, split: str) -> str:
    """The differences of `CHAIN`, as far as their arms were trained."""
    lines = ["| step | difference |", "|---|---|"]
    for words, *pair in CHAIN:
        a, b = (Arm(*arm) if len(arm) == 4 else Arm(*arm, False) for arm in pair)
        if a in wanted and b in wanted:
            found = values_of(store, data, a, seeds, split) - values_of(store, data, b, seeds, split)
            lines.append(f"| {words} | {signed(found)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--samplers", nargs="+", default=list(SAMPLERS))
    parser.add_argument("--numbers", nargs="+", type=int, default=list(NUMBERS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--split", default="test")
    parser.add_argument("--runs", type=Path, default=Path("ladder-runs"))
    parser.add_argument("--table", action="store_true", help="train nothing")
    args = parser.parse_args()
    store = Store(args.runs, create=True)
    wanted = list(arms(args.samplers, args.numbers))
    for data in args.data:
        dataset = load_dataset(data)
        for seed in range(0 if args.table else args.seeds):
            train(store, data, wanted, seed, dataset)
        reference: Run = start_of(store, store.run(wanted[0].name(data, 0)))
        start = per_query(reference, args.split).mean()
        print(f"BM25 {bm25_quality(dataset, args.split):.3f}, shared start of seed 0 {start:.3f}\n")
        print(table(store, data, wanted, args.seeds, args.split), end="\n\n")
        print(steps(store, data, wanted, args.seeds, args.split), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
