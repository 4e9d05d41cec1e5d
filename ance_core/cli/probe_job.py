"""A probe as a process of its own, which says on standard output how far it is.

    python -m ance_core.cli.probe_job --runs runs --run ance-catalogue-s0 --step 200 --variance 8

A line of output is a JSON object: `done` and `of` parts, and `doing` in words. The result is in the run's folder; an
error is one line on standard error, as at the prompt.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..runs import Store
from .entry import guarded
from .jobs import tell


def probe_andtell() -> None:
    """Probe; the arguments are those of the command line above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--run", required=True)
    parser.add_argument("--step", type=int)
    parser.add_argument("--variance", type=int, default=0)
    args = parser.parse_args()
    run = Store(args.runs).run(args.run)
    tell(0, 0, "reading the data and the model")
    from ..experiments.probe import probe_run
    from ..experiments.variance import variance_of_run

    _, step, _ = probe_run(run, args.step, watch=tell)
    if args.variance:
        variance_of_run(run, step, "all", args.variance, watch=tell)


if __name__ == "__main__":
    sys.exit(guarded(probe_andtell))
