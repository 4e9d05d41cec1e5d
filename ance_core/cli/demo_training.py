"""The demo's training: the stages of `demo_plan`, one collection after the other.

    python -m ance_core.cli.demo_training --runs runs --data catalogue --data pydocs --steps 600 --seed 0

While the first collection trains, the next is built in a process of its own, so that nobody waits for it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ..config import RunConfig, merge
from ..data import Dataset, load_dataset
from ..errors import AnceError
from ..experiments.probe import probe_run
from ..runs import Run, Store
from ..training.session import train_runs
from ..training.settings import resolve
from .demo_plan import PROBED, PROBED_QUERIES, PROBES, Arm, stages
from .entry import INTERRUPTED, guarded
from .progress import prepare, training_progress


def train_all() -> None:
    """Train; the arguments are those of the command line above. With --build the first collection is only built."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--data", action="append", required=True)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--build", action="store_true")
    args = parser.parse_args()
    console = Console(stderr=True)
    prepare(console, args.data[0])
    if args.build:
        return
    builder = _build_meanwhile(args.data[1:])
    try:
        for place, data in enumerate(args.data):
            if place and builder:
                builder.wait()
            prepare(console, data)
            _train(data, args, Store(args.runs, create=True), console)
    finally:
        if builder and builder.poll() is None:
            builder.terminate()


def _build_meanwhile(later: Sequence[str]) -> subprocess.Popen[bytes] | None:
    """A process that builds the second collection. What goes wrong there is told when its turn comes."""
    if not later:
        return None
    command = [sys.executable, "-m", "ance_core.cli.demo_training", "--build", "--data", later[0]]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _train(data: str, args: argparse.Namespace, store: Store, console: Console) -> None:
    dataset: Dataset = load_dataset(data)
    done: dict[str, Run] = {}
    for stage in stages(data, args.steps):
        arms = [arm for arm in stage if arm.after is None or arm.after in done]
        configs = [_config(arm, data, args, done, store) for arm in arms]
        if not configs:
            continue

        def refused(config: RunConfig, error: AnceError) -> None:
            console.print(f"{config.recipe} is left out: {error}", markup=False, highlight=False)

        with training_progress(console) as watch:
            runs = train_runs(configs, store, dataset=dataset, watch=watch, refused=refused)
        done |= {str(run.info["recipe"]): run for run in runs if str(run.info["recipe"]) not in done}
        if any(run is done.get(PROBED) for run in runs):
            _probe(done[PROBED], console)


def _probe(run: Run, console: Console) -> None:
    """Every sampler under the last weights of one run, for the first figure of *Gradients*."""
    with console.status(f"measuring gradients under the weights of {run.name}"):
        probe_run(run, queries=PROBED_QUERIES)


def _config(arm: Arm, data: str, args: argparse.Namespace, done: dict[str, Run], store: Store) -> RunConfig:
    values = {"data": data, "recipe": arm.recipe, "steps": args.steps, "seed": args.seed, "record": PROBES}
    start = {"start": done[arm.after].name} if arm.after else {}
    more = {k: v for k, v in arm.more.items() if k != "name" or not (store.folder / str(v)).exists()}
    return resolve(merge(values, start, more))


def main() -> int:
    """Exit code of the training; Ctrl-C is how a demo ends and no error."""
    code = guarded(train_all)
    return 0 if code == INTERRUPTED else code


if __name__ == "__main__":
    sys.exit(main())
