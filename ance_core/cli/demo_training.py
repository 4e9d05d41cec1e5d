"""The demo's training: every method on one corpus, in turns, from one shared start.

    python -m ance_core.cli.demo_training --runs runs --data pydocs --steps 600 --seed 0

Its settings are the defaults of `RunConfig`. They come from a search on the dev split with the baseline
recipe (`benchmarks/search_settings.py`), not from what makes one method look good.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from ..errors import AnceError
from ..runs import Store
from ..training.session import train_runs
from ..training.settings import resolve
from .progress import training_progress

METHODS = ("random", "in-batch", "bm25", "bm25+random", "static-hard", "ance")
"""The six that the first lesson is about; `ance train --recipe NAME` adds any other to the same picture."""


def main() -> int:
    """Train; exit code 1 with one line on standard error where that cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--data", default="pydocs")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    configs = [
        resolve({"data": args.data, "recipe": r, "steps": args.steps, "seed": args.seed}) for r in METHODS
    ]
    try:
        with training_progress(Console(stderr=True)) as watch:
            train_runs(configs, Store(args.runs, create=True), watch=watch)
    except AnceError as error:
        print(f"ance: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
