"""A step repeated in a process of its own, which says on standard output how far it is.

    python -m ance_core.cli.explain_job --runs runs --run ance-catalogue-s0 --query q17 --step 200

A line of output is as in `probe_job`. The answer is in the run's folder (`runs.explained`); an error is one line on
standard error, as at the prompt.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..runs import Store, explained
from .entry import guarded
from .jobs import tell


def explain_and_tell() -> None:
    """Repeat a step and keep what was found; the arguments are those of the command line above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--run", required=True)
    parser.add_argument("--query", required=True)
    parser.add_argument("--step", type=int)
    args = parser.parse_args()
    run = Store(args.runs).run(args.run)
    tell(0, 0, "reading the data and the model")
    from ..experiments.explain import explain

    found = explain(run, args.query, args.step, watch=tell)
    explained.write(run.folder, found.step, found.query, found.facts())


if __name__ == "__main__":
    sys.exit(guarded(explain_and_tell))
