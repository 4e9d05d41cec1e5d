"""What the last bits of sums come to: one config trained under other instruction sets, threads and orders of sums.

    python -m benchmarks.numerics --data DATA/squad-dev [--recipe ance] [--seed 1] [--anew] [--only NAME ...]

Each variation is a process of its own in the caller's environment, with one thread unless threads are what varies. All
take their weights from one shared start, made once as the machine does it; with --anew each makes its own, from the
corpus on, as another machine would. Differences are to the first row: of single weights the largest after 0 (where
training begins), 1, 10, 100 and 600 updates; of all weights the 2-norm after the last, over the way that the first row
has come by then; of test RR@10.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from ance_core.runs import Store

STEPS = (0, 1, 10, 100, 600)
QUIET = {"negatives": False, "snapshot_every": 0, "checkpoint_every": 0, "eval_every": 10_000}
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Variation:
    """What a process does otherwise.

    env: variables. reverse: batches from back to front. nudged: the last bit of one weight of the shared start.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    reverse: bool = False
    nudged: bool = False


AS_IT_IS = "as it is"
OLDEST = {
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_CBWR": "COMPATIBLE",
    "OPENBLAS_CORETYPE": "Nehalem",
}
ONE_BY_ONE = [
    ("ATEN_CPU_CAPABILITY", "avx2"),
    ("ATEN_CPU_CAPABILITY", "default"),
    ("ONEDNN_MAX_CPU_ISA", "AVX2"),
    ("ONEDNN_MAX_CPU_ISA", "SSE41"),
    ("MKL_CBWR", "AVX2"),
    ("MKL_CBWR", "COMPATIBLE"),
    ("MKL_ENABLE_INSTRUCTIONS", "SSE4_2"),
    ("OPENBLAS_CORETYPE", "Haswell"),
    ("OPENBLAS_CORETYPE", "SkylakeX"),
    ("OPENBLAS_CORETYPE", "Nehalem"),
]
VARIATIONS: dict[str, Variation] = {
    "the same again": Variation(),
    **{f"{name}={value}": Variation({name: value}) for name, value in ONE_BY_ONE},
    "the oldest of all four": Variation(OLDEST),
    "2 threads": Variation(threads=2),
    "batches from back to front": Variation(reverse=True),
    "one bit of one weight": Variation(nudged=True),
}


@dataclass(frozen=True)
class Trained:
    """What came out. weights: by step and name. start: RUN@STEP it began at. instruction_set: as in run.json."""

    weights: dict[int, dict[str, np.ndarray]]
    rr: float
    instruction_set: dict[str, Any]
    start: str


@dataclass(frozen=True)
class Job:
    """A process that trains, and where it leaves what it found."""

    process: subprocess.Popen[str]
    folder: Path
    at: Sequence[int]

    def result(self) -> Trained:
        """What it came to, waited for. RuntimeError with its last words if it failed."""
        _, said = self.process.communicate()
        if self.process.returncode:
            raise RuntimeError(f"a training ended with exit code {self.process.returncode}: {said[-2000:]}")
        found = json.loads((self.folder / "found.json").read_text(encoding="utf-8"))
        weights = {step: load_file(self.folder / f"step-{step}.safetensors") for step in self.at}
        return Trained(weights=weights, **found)


def begin(variation: Variation, config: Mapping[str, Any], at: Sequence[int], folder: Path) -> Job:
    """A process that trains `config` in the store `folder`/runs and keeps the weights after the steps `at`, 0 among them."""
    folder.mkdir(parents=True, exist_ok=True)
    env = os.environ | {"OMP_NUM_THREADS": str(variation.threads)} | variation.env
    job = {
        "config": {**config, "threads": variation.threads},
        "reverse": variation.reverse,
        "at": list(at),
        "folder": str(folder),
    }
    command = [sys.executable, "-m", "benchmarks.numerics_child", json.dumps(job)]
    process = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    return Job(process, folder, at)


def copy_start(start: str, source: Path, target: Path, nudged: bool) -> None:
    """The run that `start` names, from one store to another; nudged: a weight of its smallest matrix, which
    every text goes through, one bit larger.
    """
    name, _, step = start.partition("@")
    shutil.copytree(source / name, target / name)
    if nudged:
        path = Store(target).run(name).checkpoints()[int(step)] / "model.safetensors"
        weights = load_file(path)
        flat = min((w for w in weights.values() if w.ndim == 2), key=lambda w: w.size).reshape(-1)
        at = np.flatnonzero(flat)[0]
        flat[at] = np.nextafter(flat[at], np.float32(np.inf))
        save_file(weights, path)


def largest(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray]) -> float:
    """The largest difference of a single weight."""
    return max(float(np.abs(a[name] - b[name]).max()) for name in a)


def distance(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray]) -> float:
    """2-norm of the difference of all weights."""
    return float(np.sqrt(sum(((a[name].astype(float) - b[name]) ** 2).sum() for name in a)))


def row(name: str, found: Trained, base: Trained) -> str:
    """A line of the table."""
    gaps = [largest(found.weights[step], own) for step, own in base.weights.items()]
    last = max(base.weights)
    way = distance(base.weights[last], base.weights[0])
    share = distance(found.weights[last], base.weights[last]) / way
    cells = ["0" if gap == 0 else f"{gap:.1e}" for gap in gaps]
    cells += ["0" if share == 0 else f"{100 * share:.2g} %", f"{found.rr:.4f}"]
    cells.append("" if found is base else f"{found.rr - base.rr:+.4f}")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--recipe", default="ance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--anew", action="store_true", help="each makes its own start, from the corpus on")
    parser.add_argument("--only", nargs="+", choices=VARIATIONS, default=list(VARIATIONS), metavar="NAME")
    args = parser.parse_args()
    data = str(Path(args.data).resolve()) if Path(args.data).exists() else args.data
    config = {"data": data, "recipe": args.recipe, "seed": args.seed, "steps": max(STEPS), "record": QUIET}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        base = begin(Variation(), config, STEPS, folder / "base").result()
        print(f"{json.dumps(base.instruction_set)}\n")
        heads = [*(f"after {step}" for step in STEPS), f"2-norm after {max(STEPS)}, of the way", "RR@10", ""]
        print(
            f"| `{args.recipe}` on {Path(data).name}, seed {args.seed} | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}"
        )
        print(row(AS_IT_IS, base, base), flush=True)
        for number, name in enumerate(args.only):
            variation, own = VARIATIONS[name], config
            if args.anew and variation.nudged:
                continue  # what is nudged is the shared start
            place = folder / str(number)
            if not args.anew:
                copy_start(base.start, folder / "base" / "runs", place / "runs", variation.nudged)
                own = {**config, "start": base.start}
            print(row(name, begin(variation, own, STEPS, place).result(), base), flush=True)
            shutil.rmtree(place)


if __name__ == "__main__":
    main()
