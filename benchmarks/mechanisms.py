"""What the methods do to their negatives and to the space, for docs/results.md: five seeds, paired differences.

    python -m benchmarks.mechanisms --squad DATA/squad-dev --cranfield DATA/cranfield

Hidden relevants: the share of drawn negatives that are relevant documents withheld from training (one label a query is
kept). SimANS against the top k of the model's ranking, k being the number of negatives a query that SimANS draws: 1 as in
the other recipes here, and the ratios of SimANS's Table 7; 15 is also its preset `paper`. And, for one negative a query,
against uniform draws from the top 10 and the top 200. Anisotropy: mean pairwise cosine and uniformity (t = 2, unit
length) of the training queries' vectors at the last step.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ance_core.config import merge
from ance_core.experiments.statistics import crossed_mean, half_width
from ance_core.probes.geometry.angles import mean_cosine
from ance_core.probes.geometry.uniformity import uniformity
from ance_core.probes.geometry.vectors import unit
from ance_core.runs import Run, Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

RATIOS = (1, 5, 11, 15)  # negatives a query: SimANS, Table 7


def _top(depth: int, drawn: int) -> dict[str, Any]:
    """`drawn` different candidates of the first `depth`: all of them where both are the same."""
    return {"recipe": "ance", "negatives": {"pool_depth": depth, "per_query": drawn}}


def _simans(drawn: int, **more: Any) -> dict[str, Any]:
    return {"recipe": "simans", "negatives": {"per_query": drawn}, **more}


# For each number of negatives a query: SimANS as it is by default, which the others are compared with, and those.
HIDDEN: dict[int, dict[str, dict[str, Any]]] = {
    n: {"`simans`": _simans(n), f"the top {n}": _top(n, n)} for n in RATIOS
}
HIDDEN[1] |= {
    "uniform, top 10": _top(10, 1),
    "uniform, top 200": _top(200, 1),
    "`random`": {"recipe": "random"},
}
HIDDEN[15] |= {"`simans:paper`": _simans(15, preset="paper")}
SPACE: dict[str, dict[str, Any]] = {
    "ance": {"recipe": "ance"},
    "dance:norm": {"recipe": "dance", "preset": "norm"},
    "dance:dual": {"recipe": "dance", "preset": "dual"},
    "dance": {"recipe": "dance"},
}
QUIET = {"eval_every": 300, "checkpoint_every": 0}


def train(store: Store, base: dict[str, Any], arm: dict[str, Any], seed: int) -> Run:
    return train_runs([resolve(merge(base, arm, {"seed": seed}))], store)[0]


def hidden_by_query(run: Run) -> np.ndarray:
    """(Q,) share of hidden relevants among what was drawn for each training query that has any, by query."""
    drawn = run.negatives(columns=["query", "hidden"])
    return np.asarray(drawn.groupby("query")["hidden"].mean().sort_index())


def hidden_table(name: str, base: dict[str, Any], seeds: int, store: Store) -> str:
    lines = [
        f"| {name} | negatives a query | hidden relevants among drawn negatives | less `simans` | less the top k |",
        "|---|---|---|---|---|",
    ]
    for drawn, arms in HIDDEN.items():
        every = merge(base, {"record": {"negatives_per_query": drawn}})
        shares = {
            label: 100 * np.array([hidden_by_query(train(store, every, arm, seed)) for seed in range(seeds)])
            for label, arm in arms.items()
        }
        simans, top = list(arms)[:2]
        for label, values in shares.items():
            each = values.mean(axis=1)
            cells = [f"{each.mean():.2f} % ± {each.std(ddof=1):.2f}"]
            cells += ["" if label == other else _gap(values - shares[other]) for other in (simans, top)]
            lines.append(f"| {label} | {drawn} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _gap(values: np.ndarray, digits: int = 2) -> str:
    """The mean of paired differences (S, Q), or (S,), with its 95 % interval."""
    if values.ndim == 1:
        half = float(half_width(values))
        low, high = values.mean() - half, values.mean() + half
    else:
        found = crossed_mean(values)
        low, high = found.low, found.high
    return f"{values.mean():+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"


def anisotropy(run: Run) -> tuple[float, float]:
    """Mean cosine and uniformity of the query vectors in the last snapshot."""
    vectors = np.asarray(run.snapshot(run.snapshots()[-1])["queries"], np.float32)
    units, _ = unit(vectors)
    return mean_cosine(units).value, uniformity(units, 2.0).value


def space_table(name: str, base: dict[str, Any], seeds: int, store: Store) -> str:
    values = {
        label: np.array([anisotropy(train(store, base, arm, seed)) for seed in range(seeds)])
        for label, arm in SPACE.items()
    }
    lines = [
        f"| {name} | mean cosine of queries | difference to `ance` | uniformity of queries | difference to `ance` |"
    ]
    lines.append("|---|---|---|---|---|")
    for label, found in values.items():
        cells = []
        for i in (0, 1):
            gap = found[:, i] - values["ance"][:, i]
            cells.append(f"{found[:, i].mean():.4f} ± {found[:, i].std(ddof=1):.4f}")
            cells.append("" if label == "ance" else _gap(gap, 4))
        lines.append(f"| `{label}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--squad", required=True)
    parser.add_argument("--cranfield", required=True)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), create=True)
        for name, data in (("campus", "campus"), ("cranfield", args.cranfield)):
            base = {"data": data, "labels_per_query": 1, "record": QUIET | {"snapshot_every": 0}}
            print(hidden_table(name, base, args.seeds, store), end="\n\n", flush=True)
        base = {"data": args.squad, "record": QUIET | {"negatives": False, "snapshot_every": 600}}
        print(space_table(Path(args.squad).name, base, args.seeds, store), flush=True)


if __name__ == "__main__":
    main()
