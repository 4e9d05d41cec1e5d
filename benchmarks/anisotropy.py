"""How the vectors lie at the end: what DANCE changes, and what a collapse is; tables of docs/results.md.

    python -m benchmarks.anisotropy dance --data catalogue DATA/squad-dev --seeds 5 --runs RUNS
    python -m benchmarks.anisotropy collapse --data catalogue --seeds 5 --runs RUNS

`dance`: ANCE, its two additions alone and together, from one warm-up: anisotropy of the queries (DANCE's first claim), how
near queries and documents lie (its second), and how evenly negatives are drawn (its third). Differences are paired by seed,
with the 95 % t-interval over seeds; seeds alone, since a measure of a space belongs to no single query.

`collapse`: random negatives and ANCE from a start that knows nothing, random token vectors after 20 steps of warm-up,
beside methods from the usual start. Distances are counted in widths of the wider 95 % interval over texts, the snapshot's
texts taken as a sample of a large collection: of the mean cosine that of a U-statistic, of the effective rank a jackknife's.

What is finished in RUNS is not trained again; `--table` trains nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import ttest_1samp

from ance_core.config import merge
from ance_core.probes.geometry import (
    Estimate,
    effective_rank_estimate,
    label_pairs,
    mean_cosine,
    random_reference,
    unit,
    widths_apart,
)
from ance_core.probes.geometry.run import SIDES, draw_evenness, measure_step
from ance_core.runs import Run, Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

from .collection_table import is_finished

Arms = dict[str, dict[str, Any]]
STEPS = 600
WEAK = {"encoder": {"init": "random"}, "warmup": {"steps": 20}}
DANCE: Arms = {
    "ance": {"recipe": "ance"},
    "dance:norm": {"recipe": "dance", "preset": "norm"},
    "dance:dual": {"recipe": "dance", "preset": "dual"},
    "dance": {"recipe": "dance"},
}
COLLAPSE: Arms = {
    "random": {"recipe": "random"},
    "in-batch": {"recipe": "in-batch"},
    "bm25": {"recipe": "bm25"},
    "ance": {"recipe": "ance"},
    "dance": {"recipe": "dance"},
    "random, weak start": {"recipe": "random", "steps": 300, **WEAK},
    "ance, weak start": {"recipe": "ance", "steps": 300, **WEAK},
}
DRAWN = {"entropy": "evenness of the drawn {of} (entropy)", "gini": "unevenness of the drawn {of} (Gini)"}
SPACE = {
    ("queries", "mean_cosine"): "mean cosine of queries",
    ("queries", "uniformity_t2"): "uniformity of queries, t = 2",
    ("queries", "uniformity_t5"): "uniformity of queries, t = 5",
    ("queries", "effective_rank"): "effective rank of queries",
    ("both", "centroid_distance"): "distance of the centroids",
    ("both", "alignment"): "alignment",
    ("documents", "uniformity_t2"): "uniformity of documents, t = 2",
    ("documents", "effective_rank"): "effective rank of documents",
}


def train(store: Store, data: str, arms: Arms, seed: int) -> None:
    """Those arms of a seed that the store lacks, in one process."""
    configs = []
    for arm, settings in arms.items():
        record = {"eval_every": 300, "snapshot_every": 300, "checkpoint_every": 0}
        base = {"data": data, "steps": STEPS, "seed": seed, "record": record, "name": _name(data, arm, seed)}
        configs.append(resolve(merge(base, settings)))
    if missing := [config for config in configs if not is_finished(store, str(config.name))]:
        train_runs(missing, store)


def _name(data: str, arm: str, seed: int) -> str:
    plain = arm.replace(", ", "-").replace(" ", "-").replace(":", "-")
    return f"space-{plain}-{Path(data).name}-{seed}"


def read(run: Run) -> dict[str, float]:
    """All figures of the table *dance* for one run, by row; a draw's beside what as many even ones give."""
    found = measure_step(run, run.snapshots()[-1], label_pairs(run))
    values = {title: found.value(*key) for key, title in SPACE.items()}
    draws = draw_evenness(run)
    weights = draws.assign(share=draws["draws"] / draws.groupby("of")["draws"].transform("sum"))
    for of, rows in weights.groupby("of", sort=False):
        for name, title in DRAWN.items():
            values[title.format(of=of)] = float((rows[name] * rows["share"]).sum())
            values[f"even {of} {name}"] = float((rows[f"even_{name}"] * rows["share"]).sum())
    return values


def spread(values: np.ndarray) -> str:
    """Mean and standard deviation over seeds."""
    return f"{values.mean():.4f} ± {values.std(ddof=1):.4f}"


def gap(values: np.ndarray) -> str:
    """Mean of paired differences with the 95 % t-interval over seeds."""
    low, high = ttest_1samp(values, 0.0).confidence_interval(0.95)
    return f"{values.mean():+.4f} [{low:+.4f}, {high:+.4f}]"


def dance_table(name: str, found: dict[str, list[dict[str, float]]]) -> str:
    """A row a measure: `ance`, and what the others add to it; query draws are compared with `dance:dual`."""

    def column(arm: str, row: str) -> np.ndarray:
        return np.array([values.get(row, np.nan) for values in found[arm]])

    others = [arm for arm in DANCE if arm != "ance"]
    lines = [
        f"| {name} | `ance` | {' | '.join(f'`{arm}` less `ance`' for arm in others)} |",
        "|---|" + "---|" * len(DANCE),
    ]
    drawn = [title.format(of="documents") for title in DRAWN.values()]
    for row in [*SPACE.values(), *drawn]:
        base = column("ance", row)
        gaps = [gap(column(arm, row) - base) for arm in others]
        lines.append(f"| {row} | {spread(base)} | {' | '.join(gaps)} |")
    lines += [
        "",
        "| queries drawn as negatives | `dance:dual` | `dance` less `dance:dual` | even draws |",
        "|---|---|---|---|",
    ]
    for measure, title in DRAWN.items():
        row = title.format(of="queries")
        base, even = column("dance:dual", row), column("dance:dual", f"even queries {measure}")
        lines.append(f"| {row} | {spread(base)} | {gap(column('dance', row) - base)} | {even.mean():.4f} |")
    return "\n".join(lines)


def estimates(run: Run) -> dict[str, Estimate]:
    """Mean cosine and effective rank of both sides of the last snapshot, with intervals over texts."""
    arrays = run.snapshot(run.snapshots()[-1])
    found = {}
    for of in SIDES:
        vectors = np.asarray(arrays[of], np.float32)
        found[f"mean cosine of {of}"] = mean_cosine(unit(vectors)[0])
        found[f"effective rank of {of}"] = effective_rank_estimate(vectors)
    return found


def collapse_table(
    name: str, runs: dict[str, list[Run]], measure: Callable[[Run], dict[str, Estimate]]
) -> str:
    """A row an arm, mean ± standard deviation over seeds; then, by measure, how far the collapsed arm is from `ance`."""
    found = {arm: [measure(run) for run in own] for arm, own in runs.items()}
    titles = list(found["ance"][0])
    lines = [f"| {name} | RR@10, test | {' | '.join(titles)} |", "|---|---|" + "---|" * len(titles)]
    for arm, own in found.items():
        quality = np.array([run.results()["test"]["RR@10"] for run in runs[arm]])
        cells = [spread(np.array([each[title].value for each in own])) for title in titles]
        lines.append(f"| `{arm}` | {spread(quality)} | {' | '.join(cells)} |")
    cells = []
    for title in titles:
        pairs = zip(found["ance"], found["ance, weak start"], strict=True)
        cells.append(f"{min(widths_apart(one[title], other[title]) for one, other in pairs):.0f}")
    lines.append(
        f"| collapsed from `ance`, in interval widths, least of the seeds |  | {' | '.join(cells)} |"
    )
    snapshot = runs["ance"][0].snapshot(runs["ance"][0].snapshots()[-1])
    random = [random_reference(*snapshot[of].shape) for of in SIDES]
    cells = [f"{value:.4f}" for each in random for value in each]
    lines.append(f"| random vectors, as many |  | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("question", choices=("dance", "collapse"))
    parser.add_argument("--data", nargs="+", default=["catalogue"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--runs", type=Path, default=Path("results-runs"))
    parser.add_argument("--table", action="store_true", help="train nothing")
    args = parser.parse_args()
    store, arms = Store(args.runs, create=True), DANCE if args.question == "dance" else COLLAPSE
    for data in args.data:
        for seed in range(0 if args.table else args.seeds):
            train(store, data, arms, seed)
        runs = {arm: [store.run(_name(data, arm, seed)) for seed in range(args.seeds)] for arm in arms}
        name = Path(data).name
        if args.question == "dance":
            print(
                dance_table(name, {arm: list(map(read, own)) for arm, own in runs.items()}),
                end="\n\n",
                flush=True,
            )
        else:
            print(collapse_table(name, runs, estimates), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
