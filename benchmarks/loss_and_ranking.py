"""Is a better loss a better ranking, and do gradients of random negatives vanish? From the logs of finished runs.

    python -m benchmarks.loss_and_ranking --data catalogue campus DATA/squad-dev DATA/nl2bash --runs RUNS

Reads the runs that `benchmarks.collection_table` left in the folder and trains nothing. Loss and norm are of the training
batch, of each method's own negatives: means over the first and over the last 50 steps, and over seeds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ance_core.runs import Store

from .collection_table import name_of

ARMS, WINDOW = ("random", "bm25", "ance"), 50


def ends(store: Store, data: str, arm: str, seeds: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By name: (S,) values at the start and at the end of each seed's run."""
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in range(seeds):
        log = store.run(name_of(data, arm, seed, "static")).scalars(["loss", "grad_norm/total", "dev/RR@10"])
        for name, rows in log.groupby("name"):
            values = rows.sort_values("step")["value"].to_numpy()
            window = 1 if name == "dev/RR@10" else WINDOW
            found.setdefault(str(name), []).append((values[:window].mean(), values[-window:].mean()))
    return {name: tuple(np.array(pairs).T) for name, pairs in found.items()}


def table(store: Store, data: list[str], seeds: int) -> str:
    lines = ["| collection | method | loss | gradient norm | dev RR@10 |", "|---|---|---|---|---|"]
    for one in data:
        for arm in ARMS:
            by_name = ends(store, one, arm, seeds)
            cells = [
                f"{start.mean():.{places}f} to {end.mean():.{places}f}"
                for (start, end), places in zip(
                    (by_name[n] for n in ("loss", "grad_norm/total", "dev/RR@10")), (4, 2, 3), strict=True
                )
            ]
            lines.append(f"| {Path(one).name} | `{arm}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--runs", type=Path, required=True)
    args = parser.parse_args()
    print(table(Store(args.runs), args.data, args.seeds))


if __name__ == "__main__":
    main()
