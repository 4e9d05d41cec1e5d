"""SimANS with an a for each query against one a for all (preset `one-a`), for docs/methods/simans.md.

    python -m benchmarks.sharpness --data catalogue DATA/squad-dev --seeds 2

A line a run: RR@10 on dev, the share of hidden relevants among what was drawn, effective sample sizes and shares of the
highest ranked, by where the positive ranked in the last pool (0-based, among candidates that are not judged).
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from ance_core.config import RunConfig, parse
from ance_core.data.of_run import dataset_of
from ance_core.recipes import get_recipe
from ance_core.runs import Run, Store
from ance_core.samplers import QueryBatch, Ranked
from ance_core.samplers.base import effective_size
from ance_core.samplers.pool_files import read_pools
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

BANDS = ((0, 0), (1, 9), (10, 49), (50, 10_000))


def by_rank(run: Run, step: int) -> list[str]:
    """For each band of the positive's rank: queries, median effective size, share of draws from the top 10."""
    config: RunConfig = parse(RunConfig, run.info["config"], run.name)
    pool = read_pools(run.folder / "pools", step)["own"]
    dataset = dataset_of(run)
    labels = dataset.split("train").labels()
    sampler = get_recipe(config.recipe).build_sampler(config)
    assert isinstance(sampler, Ranked)
    rows = np.arange(len(labels.queries))
    batch = QueryBatch(rows, labels.indptr[rows], labels, len(dataset.docs))
    p = sampler.candidate_probabilities(batch, pool)
    rank = (pool.scores > pool.label_scores[batch.label][:, None]).sum(axis=1)
    cells = []
    for first, last in BANDS:
        here = (rank >= first) & (rank <= last)
        size = np.median(effective_size(p[here])) if here.any() else np.nan
        cells.append(
            f"{here.sum()}: {size:.0f}, {p[here, :10].sum(axis=1).mean() if here.any() else np.nan:.0%}"
        )
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=["catalogue"])
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    bands = " | ".join(f"{a} to {b}" if b < 10_000 else f"from {a}" for a, b in BANDS)
    print(f"| data | a | seed | dev RR@10 | hidden | pool | {bands} |")
    print("|---|---|---|---|---|---|" + "---|" * len(BANDS))
    for data in args.data:
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder), create=True)
            for seed in range(args.seeds):
                for preset in ("one-a", None):
                    said = {"data": data, "recipe": "simans", "seed": seed, "preset": preset}
                    quiet = {"record": {"eval_every": 600, "checkpoint_every": 0}}
                    (run,) = train_runs([resolve(said | quiet)], store)
                    drawn = run.negatives(columns=["hidden"])["hidden"].mean()
                    step = int(run.refreshes()["index_step"].max())
                    depth = run.info["config"]["negatives"]["pool_depth"]
                    head = [
                        Path(data).name,
                        preset or "each",
                        str(seed),
                        f"{run.measures()['dev']['RR@10']:.4f}",
                    ]
                    cells = [*head, f"{drawn:.2%}", str(depth), *by_rank(run, step)]
                    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
