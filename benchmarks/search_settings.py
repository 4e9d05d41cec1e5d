"""Where the default learning rate comes from: the baseline recipe on the dev split, and nothing else.

    python -m benchmarks.search_settings [--data pydocs ../shared/data/squad-dev] [--seeds 3]

The baseline is `in-batch`, the method most people start from. Warm-up and comparison share the rate. For
each rate the mean dev RR@10 over seeds is printed; the default is the rate with the best mean rank over the
datasets, chosen once and used by every method.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import pandas as pd

from ance_core.runs import Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

BASELINE = "in-batch"
RATES = (1e-4, 3e-4, 6e-4, 1e-3, 3e-3)
QUIET = {"eval_every": 600, "negatives": False, "snapshot_every": 0, "checkpoint_every": 0}


def dev_quality(data: str, rate: float, seed: int, store: Store) -> float:
    """Dev RR@10, whole split, of the baseline after 600 steps."""
    settings = {
        "data": data,
        "recipe": BASELINE,
        "seed": seed,
        "optimizer": {"learning_rate": rate},
        "warmup": {"learning_rate": rate},
        "record": QUIET,
    }
    (run,) = train_runs([resolve(settings)], store)
    return float(run.results()["dev"]["RR@10"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="+", default=["pydocs"])
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), create=True)
        for data in args.data:
            for rate in RATES:
                values = [dev_quality(data, rate, seed, store) for seed in range(args.seeds)]
                rows.append({"data": Path(data).name, "rate": rate, "dev RR@10": sum(values) / len(values)})
                print(rows[-1], flush=True)
    table = pd.DataFrame(rows).pivot(index="rate", columns="data", values="dev RR@10")
    table["mean rank"] = table.rank(ascending=False).mean(axis=1)
    print(table.round(4).to_string())


if __name__ == "__main__":
    main()
