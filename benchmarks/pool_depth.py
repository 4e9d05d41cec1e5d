"""The rule for the depth of pools against half and twice of it: dev RR@10, the mean over the plain methods with a pool.

python -m benchmarks.pool_depth --data catalogue catalogue:30000 DATA/squad-dev DATA/nl2bash --seeds 3
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from ance_core.config import merge
from ance_core.data import load_dataset
from ance_core.runs import Store
from ance_core.training.defaults import pool_depth
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

from .collection_table import MEASURE, QUIET

ARMS = ("bm25", "static-hard", "ance")
TIMES = (0.5, 1, 2)


def qualities(data: str, seed: int, depths: list[int], store: Store) -> np.ndarray:
    """(depths, arms) dev RR@10; all share data, tokens and start."""
    base = {"data": data, "seed": seed, "record": QUIET | {"negatives": False}}
    configs = [
        resolve(merge(base, {"recipe": arm, "negatives": {"pool_depth": depth}}))
        for depth in depths
        for arm in ARMS
    ]
    found = [run.results()["dev"][MEASURE] for run in train_runs(configs, store)]
    return np.array(found).reshape(len(depths), len(ARMS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    print(
        f"| collection | depth | {' | '.join(f'`{arm}`' for arm in ARMS)} | mean |\n|---|---|{'---|' * (len(ARMS) + 1)}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for data in args.data:
            rule = pool_depth(len(load_dataset(data).docs))
            depths = [max(1, round(rule * times)) for times in TIMES]
            store = Store(Path(folder), create=True)
            values = np.array([qualities(data, seed, depths, store) for seed in range(args.seeds)])
            for depth, row in zip(depths, values.mean(axis=0), strict=True):
                name = f"**{depth}**" if depth == rule else str(depth)
                cells = " | ".join(f"{value:.4f}" for value in [*row, row.mean()])
                print(f"| {Path(data).name} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
