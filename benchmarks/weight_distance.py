"""What an optimizer makes of large gradients: norms and distance of the weights of `ance` over those of `random`.

python -m benchmarks.weight_distance --data catalogue DATA/squad-dev --seeds 3

Both train from one start at one rate and differ in the sampler alone. Norms are means over the steps, before clipping;
distances are those at the last step.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ance_core.config import merge
from ance_core.runs import Store
from ance_core.training.defaults import RATES, SGD_RATES
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

ARMS = ("random", "ance")
ADAMW, SGD = {"learning_rate": RATES["static"]}, {"kind": "sgd", "learning_rate": SGD_RATES["static"]}
UNCLIPPED = {"max_grad_norm": None}
SETTINGS: dict[str, dict[str, Any]] = {
    "AdamW, clipped at 1": ADAMW,
    "AdamW": ADAMW | UNCLIPPED,
    "SGD, clipped at 1": SGD,
    "SGD": SGD | UNCLIPPED,
    "SGD, a tenth of the rate": SGD | UNCLIPPED | {"learning_rate": SGD_RATES["static"] / 10},
}
QUIET = {"negatives": False, "snapshot_every": 0, "checkpoint_every": 0, "eval_every": 10_000}


def measured(data: str, seed: int, steps: int, store: Store) -> np.ndarray:
    """(settings, 2, arms): mean gradient norm, last distance."""
    base = {"data": data, "seed": seed, "steps": steps, "record": QUIET}
    configs = [
        resolve(merge(base, {"recipe": arm, "optimizer": own})) for own in SETTINGS.values() for arm in ARMS
    ]
    values = [
        (
            float(run.scalars(["grad_norm/total"])["value"].mean()),
            float(run.scalars(["weights/distance"])["value"].iloc[-1]),
        )
        for run in train_runs(configs, store)
    ]
    return np.array(values).reshape(len(SETTINGS), len(ARMS), 2).transpose(0, 2, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=100)
    args = parser.parse_args()
    print(
        "| collection | optimizer | rate | norm, `random` | norm, `ance` | ratio | distance, `random` | distance, `ance` | "
        "ratio |\n|---|---|---|---|---|---|---|---|---|"
    )
    for data in args.data:
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder) / "runs", create=True)
            values = np.array([measured(data, seed, args.steps, store) for seed in range(args.seeds)])
        for (name, own), (norm, distance) in zip(SETTINGS.items(), values.mean(axis=0), strict=True):
            cells = [f"{x:.3g}" for x in (*norm, norm[1] / norm[0], *distance, distance[1] / distance[0])]
            print(
                f"| {Path(data).name} | {name} | {own['learning_rate']:g} | {' | '.join(cells)} |", flush=True
            )


if __name__ == "__main__":
    main()
