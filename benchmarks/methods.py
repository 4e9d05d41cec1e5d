"""Test quality of every method and preset, over seeds and collections: the table of docs/results.md.

    python -m benchmarks.methods --runs results-runs --seeds 5 --data pydocs ../shared/data/squad-dev ...

Runs already finished in the folder are not trained again, so the sweep can be stopped and taken up, and two
processes may share it with different --data. All runs of a seed start from one warm-up. The interval is that
of the paired difference to `ance`, 95 %, with seeds and queries in it (`experiments.statistics`).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ance_core.config import RunConfig, merge
from ance_core.errors import AnceError
from ance_core.experiments.statistics import paired_effect
from ance_core.recipes import RECIPES
from ance_core.runs import Run, Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

MEASURE = "RR@10"
MASKED = ("scifact", "cranfield")  # one label a query in training, the others hidden
QUIET = {"eval_every": 300, "negatives": False, "snapshot_every": 0, "checkpoint_every": 0}
BEGIN, END = "<!-- methods: begin -->", "<!-- methods: end -->"


def arms() -> list[tuple[str, str | None]]:
    """Every recipe as it is, then with each of its presets."""
    return [(r.name, preset) for r in RECIPES.values() for preset in (None, *r.presets)]


def label(recipe: str, preset: str | None) -> str:
    return recipe if preset is None else f"{recipe}:{preset}"


def config_of(data: str, recipe: str, preset: str | None, seed: int, steps: int) -> RunConfig:
    name = f"{label(recipe, preset)}-{Path(data).name}-{seed}".replace("+", "-").replace(":", "-")
    values = {"data": data, "recipe": recipe, "preset": preset, "seed": seed, "steps": steps, "name": name}
    masked = {"labels_per_query": 1} if Path(data).name in MASKED else {}
    return resolve(merge(values, masked, {"record": QUIET}))


def finished(store: Store, config: RunConfig) -> Run | None:
    """The finished run of that name; a half-done one is deleted."""
    name = str(config.name)
    if not (store.folder / name).is_dir():
        return None
    run = store.run(name)
    if run.status().state == "finished":
        return run
    store.delete(name, force=True)
    return None


def train(store: Store, datasets: list[str], seeds: int, steps: int) -> None:
    """All that is not there yet, a whole seed before the next, so that a table can be had at any time."""
    for seed in range(seeds):
        for data in datasets:
            for recipe, preset in arms():
                config = config_of(data, recipe, preset, seed, steps)
                if finished(store, config) is not None:
                    continue
                try:
                    (run,) = train_runs([config], store)
                    print(f"{run.name}: {run.results()['test'][MEASURE]:.4f}", flush=True)
                except AnceError as error:
                    print(f"{config.name}: {error}", flush=True)


def values_of(
    store: Store, data: str, recipe: str, preset: str | None, seeds: int, steps: int
) -> np.ndarray | None:
    """(S, Q) per-query test values; None unless every seed has finished."""
    rows = []
    for seed in range(seeds):
        run = finished(store, config_of(data, recipe, preset, seed, steps))
        if run is None:
            return None
        table = run.per_query()
        rows.append(table[table["split"] == "test"].sort_values("query_id")[MEASURE].to_numpy())
    return np.array(rows)


def table(store: Store, datasets: list[str], seeds: int, steps: int) -> str:
    names = [Path(data).name for data in datasets]
    lines = [
        f"| method | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
    ]
    base = {data: values_of(store, data, "ance", None, seeds, steps) for data in datasets}
    for recipe, preset in arms():
        cells = []
        for data in datasets:
            values, reference = values_of(store, data, recipe, preset, seeds, steps), base[data]
            if values is None or reference is None:
                cells.append("not run")
                continue
            spread = values.mean(axis=1)
            cell = f"{values.mean():.3f} ± {spread.std(ddof=1):.3f}" if seeds > 1 else f"{values.mean():.3f}"
            if (recipe, preset) != ("ance", None):
                effect = paired_effect(values, reference)
                cell += f" ({effect.difference:+.3f} [{effect.low:+.3f}, {effect.high:+.3f}])"
            cells.append(cell)
        lines.append(f"| `{label(recipe, preset)}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(document: Path, text: str) -> None:
    """Put the table between its marks."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="+", default=["pydocs"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--runs", type=Path, default=Path("results-runs"))
    parser.add_argument("--write", type=Path, help="document with the marks to put the table between")
    parser.add_argument("--only-table", action="store_true", help="train nothing")
    args = parser.parse_args()
    store = Store(args.runs, create=True)
    if not args.only_table:
        train(store, args.data, args.seeds, args.steps)
    text = table(store, args.data, args.seeds, args.steps)
    print(text)
    if args.write:
        write(args.write, text)


if __name__ == "__main__":
    main()
