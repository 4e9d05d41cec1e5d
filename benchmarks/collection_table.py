"""What the methods reach on a collection: the tables of docs/results.md and of the collections' datasheets.

    python -m benchmarks.collection_table --data catalogue campus pydocs DATA/squad-dev --seeds 5 --runs RUNS
    python -m benchmarks.collection_table --data catalogue --runs RUNS --table
    python -m benchmarks.collection_table --data DATA/squad-dev --runs RUNS --arms simans:paper top,negatives.per_query=15

An arm is a recipe, a preset of it where one is named, and settings of its own: RECIPE[:PRESET][,KEY=VALUE ...]; --set is
for all arms. `static`, the collection's defaults, one negative a query where the method draws single ones. Arms of a seed
train in one process and share data, pools and the warm-up. What is finished in the folder is not trained again, so a sweep
can be stopped and taken up, and two processes may share a folder with different --data. Intervals have seeds and queries
in them (`experiments.statistics`).
"""

from __future__ import annotations

import argparse
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ance_core.cli.train_commands import assignment
from ance_core.config import RunConfig, merge
from ance_core.data import Dataset, load_dataset
from ance_core.experiments.statistics import crossed_mean, paired_effect, verdicts
from ance_core.layers import spelled_out
from ance_core.retrieval import BM25, evaluate
from ance_core.runs import Run, Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

MEASURE = "RR@10"
SHARED = "random,negatives.in_batch=true"
"""Random negatives with ANCE-Tele's number and loss: 63 passages of the batch in one softmax."""
ARMS = (
    "random",
    "bm25",
    "static-hard",
    "ance",
    "dance",
    "simans",
    "star",
    "ance-tele",
    "ance-tele:plain",
    SHARED,
    "adore",
    "in-batch",
)
ONE_LABEL = (
    "scifact",
    "cranfield",
)  # one label a query in training, the others hidden; embedded ones say it themselves
LONGEST = 56  # letters of an arm in a run's name, which has at most 80
QUIET = {"eval_every": 300, "snapshot_every": 0, "checkpoint_every": 0}


def name_of(data: str, arm: str, seed: int, encoder: str) -> str:
    short = re.sub(r"[^A-Za-z0-9.-]+", "-", Path(data).name)
    kind = "" if encoder == "static" else "-" + re.sub(r"[^A-Za-z0-9.-]+", "-", encoder)
    spelled = re.sub(r"[^A-Za-z0-9.-]+", "-", arm)
    if len(spelled) > LONGEST:
        spelled = f"{spelled[:LONGEST]}-{zlib.crc32(arm.encode()):08x}"
    return f"{spelled}-{short}{kind}-{seed}"


def settings_of(arm: str) -> dict[str, Any]:
    """What an arm is spelled as, as settings.

    >>> settings_of("simans:paper,negatives.per_query=7")
    {'recipe': 'simans', 'preset': 'paper', 'negatives': {'per_query': 7}}
    """
    spelled, *rest = arm.split(",")
    recipe, _, preset = spelled.partition(":")
    return merge({"recipe": recipe} | ({"preset": preset} if preset else {}), *map(assignment, rest))


def config_of(data: str, arm: str, seed: int, encoder: str, more: dict[str, Any]) -> RunConfig:
    values: dict[str, Any] = {"data": data, "seed": seed, "encoder": encoder, "record": QUIET}
    if Path(data).name in ONE_LABEL:
        values["labels_per_query"] = 1
    return resolve(
        merge(spelled_out(values), more, settings_of(arm), {"name": name_of(data, arm, seed, encoder)})
    )


def is_finished(store: Store, name: str) -> bool:
    """Whether the run is there, whole; a half-done one is deleted."""
    if not (store.folder / name).is_dir():
        return False
    if store.run(name).status().state == "finished":
        return True
    store.delete(name, force=True)
    return False


def train(store: Store, data: str, arms: list[str], seed: int, encoder: str, more: dict[str, Any]) -> None:
    configs = [config_of(data, arm, seed, encoder, more) for arm in arms]
    missing = [config for config in configs if not is_finished(store, str(config.name))]
    if missing:
        for run in train_runs(missing, store):
            means = {s: round(v[MEASURE], 4) for s, v in run.results().items() if s != "training"}
            print(f"{run.name}: {means}", flush=True)


def per_query(run: Run, split: str) -> np.ndarray:
    """(Q,) the measure of each query of the split, by query id."""
    table = run.per_query()
    return table[table["split"] == split].sort_values("query_id")[MEASURE].to_numpy()


def start_of(store: Store, run: Run) -> Run:
    """The warm-up that a run began with."""
    return store.run(run.info["init"]["run"])


def bm25_quality(data: Dataset, split: str) -> float:
    labels = data.split(split).labels()
    ranking = BM25(data.docs).search([data.queries[q] for q in labels.queries], 100)
    return float(evaluate(ranking, labels, len(data.docs), measures=(MEASURE,))[MEASURE].mean())


def signed(differences: np.ndarray) -> str:
    found = crossed_mean(differences)
    return f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def column(values: dict[str, np.ndarray], base: np.ndarray) -> dict[str, str]:
    """The difference of each arm to `base`, by arm; of those that Holm's correction over the column leaves open, marked."""
    effects = [paired_effect(found, base) for found in values.values()]
    marks = [" °" if v.word == "undecided" else "" for v in verdicts(effects)]
    return {
        arm: f"{e.difference:+.3f} [{e.low:+.3f}, {e.high:+.3f}]{mark}"
        for arm, e, mark in zip(values, effects, marks, strict=True)
    }


def hidden_share(run: Run) -> float:
    """Per cent of the recorded drawn negatives that are relevant documents withheld from training."""
    return 100 * float(run.negatives(columns=["hidden"])["hidden"].mean())


def table(store: Store, data: str, arms: list[str], seeds: int, encoder: str, split: str) -> str:
    """One row an arm: mean and spread over seeds, differences to the shared start and to `random`, hidden relevants.

    °: not beyond chance once corrected for the number of intervals in its column.
    """
    dataset = load_dataset(data)
    runs = {a: [store.run(name_of(data, a, s, encoder)) for s in range(seeds)] for a in arms}
    values = {arm: np.array([per_query(run, split) for run in found]) for arm, found in runs.items()}
    start = np.array([per_query(start_of(store, run), split) for run in runs[arms[0]]])
    lines = [
        f"| {Path(data).name}, {split} | {MEASURE} | above the shared start | above `random` | hidden relevants drawn |",
        "|---|---|---|---|---|",
        f"| BM25, the ranker | {bm25_quality(dataset, split):.3f} |  |  |  |",
        f"| shared start | {_spread(start)} |  |  |  |",
    ]
    above_start = column(values, start)
    others = {arm: found for arm, found in values.items() if arm != "random"}
    above_random = column(others, values["random"]) if "random" in values and others else {}
    for arm, found in values.items():
        hidden = [hidden_share(run) for run in runs[arm]]
        drawn = f"{np.mean(hidden):.2f} %" if any(hidden) else ""
        lines.append(
            f"| `{arm}` | {_spread(found)} | {above_start[arm]} | {above_random.get(arm, '')} | {drawn} |"
        )
    return "\n".join(lines)


def _spread(values: np.ndarray) -> str:
    each = values.mean(axis=1)
    return f"{each.mean():.3f} ± {each.std(ddof=1):.3f}" if len(each) > 1 else f"{each.mean():.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--arms", nargs="+", default=list(ARMS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--encoder", default="static")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--warmup-steps", type=int)
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="any setting, for all arms"
    )
    parser.add_argument("--split", default="test")
    parser.add_argument("--runs", type=Path, default=Path("results-runs"))
    parser.add_argument("--table", action="store_true", help="train nothing")
    args = parser.parse_args()
    store = Store(args.runs, create=True)
    more: dict[str, Any] = merge({"steps": args.steps}, *map(assignment, args.set))
    if args.warmup_steps:
        more = merge(more, {"warmup": {"steps": args.warmup_steps}})
    for seed in range(0 if args.table else args.seeds):
        for data in args.data:
            train(store, data, args.arms, seed, args.encoder, more)
    for data in args.data:
        print(table(store, data, args.arms, args.seeds, args.encoder, args.split), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
