"""The demo's training: every method on one corpus, in turns, from one shared start.

    python -m ance_core.cli.demo_training --runs runs --data pydocs --steps 600 --seed 0

Its settings are the defaults of the collection. They come from a search on the dev split that no single method
decides (`ance tune`), not from what makes one method look good.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from ..runs import Store
from ..training.session import train_runs
from ..training.settings import resolve
from .entry import INTERRUPTED, guarded
from .progress import prepare, training_progress

METHODS = ("random", "in-batch", "bm25", "bm25+random", "static-hard", "ance")
"""The six that the first lesson is about; `ance train --recipe NAME` adds any other to the same picture."""


def train_all() -> None:
    """Train; the arguments are those of the command line above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--data", default="pydocs")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    configs = [
        resolve({"data": args.data, "recipe": r, "steps": args.steps, "seed": args.seed}) for r in METHODS
    ]
    console = Console(stderr=True)
    prepare(console, args.data)
    with training_progress(console) as watch:
        train_runs(configs, Store(args.runs, create=True), watch=watch)


def main() -> int:
    """Exit code of the training; Ctrl-C is how a demo ends and no error."""
    code = guarded(train_all)
    return 0 if code == INTERRUPTED else code


if __name__ == "__main__":
    sys.exit(main())
