"""Does teleportation itself help, and where? ANCE-Tele against its control without it: a table of docs/results.md.

    python -m benchmarks.teleportation --data catalogue DATA/nl2bash --seeds 3 --runs RUNS
    python -m benchmarks.teleportation --parts --data catalogue DATA/nl2bash --seeds 5 --runs RUNS

`ance-tele` and `ance-tele:plain` (the same loss, number of negatives and refreshes, without momentum and lookahead) in each
of `REGIMES`, a grid that was written down before any of it was run: what turns pools over faster, trains longer or takes
larger steps, and so leaves more to forget. What is finished in the folder is not trained again. --parts trains nothing: it
takes ANCE-Tele's difference to `random` apart into steps between arms that `benchmarks.collection_table` has trained.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ance_core.experiments.statistics import paired_effect, verdicts
from ance_core.runs import Run, Store

from .collection_table import SHARED, name_of, per_query, train

REGIMES = {
    "the defaults": "",
    "refresh every 25 steps": "refresh.every=25",
    "refresh every 25, pools of 20": "refresh.every=25,negatives.pool_depth=20",
    "refresh every 100, pools of 1,000": "refresh.every=100,negatives.pool_depth=1000",
    "three times the rate": "optimizer.learning_rate=0.0036",
    "31 own negatives, batch of 8": "negatives.per_query=31,batch_size=8",
    "the same, refresh every 25, three times the rate": (
        "negatives.per_query=31,batch_size=8,refresh.every=25,optimizer.learning_rate=0.0036"
    ),
    "weights anew each episode": "method.restart=true",
    "2,400 steps": "steps=2400",
}
"""What a regime changes of both arms, as `benchmarks.collection_table` spells it."""
METHODS = ("ance-tele:plain", "ance-tele")
PARTS = {
    "all of it": ("ance-tele", "random"),
    "number and loss": (SHARED, "random"),
    "hard negatives": ("ance-tele:plain", SHARED),
    "teleportation": ("ance-tele", "ance-tele:plain"),
}
"""The first is the sum of the others; each of those is between two arms that differ in what it is called."""


def arm(method: str, regime: str) -> str:
    return f"{method},{REGIMES[regime]}" if REGIMES[regime] else method


def runs_of(store: Store, data: str, method: str, regime: str, seeds: int) -> list[Run]:
    return [store.run(name_of(data, arm(method, regime), seed, "static")) for seed in range(seeds)]


def kept(runs: list[Run]) -> float:
    """Mean over refreshes and seeds of how much of a query's pool is in the one before (Jaccard)."""
    return float(np.mean([run.refreshes()["jaccard"].mean() for run in runs]))


def teleported(runs: list[Run]) -> float:
    """Share of momentum and lookahead candidates among a query's own draws."""
    shares = []
    for run in runs:
        source = run.negatives(columns=["source"])["source"]
        both = source.isin(["momentum", "lookahead"]).sum()
        shares.append(both / (both + (source == "ann").sum()))
    return float(np.mean(shares))


def table(store: Store, data: str, regimes: list[str], seeds: int, split: str) -> str:
    """One row a regime: both arms, the difference between them, and its verdict, Holm-corrected over the rows."""
    runs = {regime: [runs_of(store, data, method, regime, seeds) for method in METHODS] for regime in regimes}
    values = {
        r: [np.array([per_query(run, split) for run in found]) for found in both] for r, both in runs.items()
    }
    effects = [paired_effect(tele, plain) for plain, tele in values.values()]
    found = verdicts(effects, smallest=0.01)
    lines = [
        f"| {Path(data).name}, {split} | without | with | difference | verdict | pool kept, without / with | teleported |",
        "|---|---|---|---|---|---|---|",
    ]
    for regime, effect, verdict in zip(regimes, effects, found, strict=True):
        plain, tele = values[regime]
        pools = " / ".join(f"{kept(one):.2f}" for one in runs[regime])
        cells = [regime, f"{plain.mean():.3f}", f"{tele.mean():.3f}"]
        cells.append(f"{effect.difference:+.4f} [{effect.low:+.4f}, {effect.high:+.4f}]")
        cells += [verdict.word, pools, f"{100 * teleported(runs[regime][1]):.0f} %"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def parts(store: Store, data: list[str], seeds: int, split: str) -> str:
    """One row a collection; °: not beyond chance once corrected for the number of differences in the table."""
    effects = []
    for one in data:
        arms = dict.fromkeys(arm for pair in PARTS.values() for arm in pair)
        names = {arm: [name_of(one, arm, seed, "static") for seed in range(seeds)] for arm in arms}
        values = {arm: np.array([per_query(store.run(n), split) for n in names[arm]]) for arm in arms}
        effects += [paired_effect(values[a], values[b]) for a, b in PARTS.values()]
    cells = [
        f"{e.difference:+.4f} [{e.low:+.4f}, {e.high:+.4f}]{' °' if v.word == 'undecided' else ''}"
        for e, v in zip(effects, verdicts(effects), strict=True)
    ]
    lines = [f"| {split} | {' | '.join(PARTS)} |", f"|---|{'---|' * len(PARTS)}"]
    for i, one in enumerate(data):
        lines.append(f"| {Path(one).name} | {' | '.join(cells[i * len(PARTS) : (i + 1) * len(PARTS)])} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--regimes", nargs="+", choices=REGIMES, default=list(REGIMES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--split", default="test")
    parser.add_argument("--runs", type=Path, default=Path("results-runs"))
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--parts", action="store_true", help="of the difference to random; trains nothing")
    args = parser.parse_args()
    store = Store(args.runs, create=True)
    if args.parts:
        print(parts(store, args.data, args.seeds, args.split))
        return
    for seed in range(0 if args.table else args.seeds):
        for data in args.data:
            for regime in args.regimes:
                train(
                    store, data, [arm(method, regime) for method in METHODS], seed, "static", {"steps": 600}
                )
    for data in args.data:
        print(table(store, data, args.regimes, args.seeds, args.split), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
