"""The table of campus's datasheet: quality and known false negatives of four methods, five seeds.

    python -m benchmarks.campus_table [--seeds 5]

Training sees one label a question; the other answers are hidden relevants. A drawn negative that is one of them
is a false negative, and since every pair was judged, all of them are known.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from ance_core.runs import Run, Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

METHODS = ("random", "bm25", "ance", "simans")


def train(recipe: str, seed: int, store: Store) -> Run:
    values = {"data": "campus", "labels_per_query": 1, "recipe": recipe, "seed": seed}
    return train_runs([resolve(values)], store)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    print(
        "| method | test RR@10 | test nDCG@10 | hidden relevants among drawn negatives |\n|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), create=True)
        for recipe in METHODS:
            runs = [train(recipe, seed, store) for seed in range(seeds)]
            quality = {m: [run.results()["test"][m] for run in runs] for m in ("RR@10", "nDCG@10")}
            hidden = [100 * run.negatives(columns=["hidden"])["hidden"].mean() for run in runs]
            cells = [f"{np.mean(v):.3f} ± {np.std(v, ddof=1):.3f}" for v in quality.values()]
            cells.append(f"{np.mean(hidden):.2f} % ± {np.std(hidden, ddof=1):.2f}")
            print(f"| {recipe} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
