"""Run the fuzzers: `python -m benchmarks.fuzz [NAME...] [--cases N] [--seed N]`; exit code 1 where one found something.

Every module of this folder that has a `main(cases, seed) -> list[str]` is one; without --cases each does its own `CASES`.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time

from benchmarks import fuzz

SHOWN = 40


def fuzzers() -> dict[str, object]:
    """The modules that have a `main`, by name."""
    names = [info.name for info in pkgutil.iter_modules(fuzz.__path__) if not info.name.startswith("_")]
    modules = {name: importlib.import_module(f"{fuzz.__name__}.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "main")}


def main() -> int:
    known = fuzzers()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; default all")
    parser.add_argument("--cases", type=int, help="how many each does; default its own number")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for name in args.names:
        if name not in known:
            parser.error(f"no fuzzer '{name}'; there are: {', '.join(known)}")
    found = 0
    for name in args.names or known:
        module = known[name]
        cases = args.cases or getattr(module, "CASES", 1000)
        start = time.monotonic()
        failures = module.main(cases, args.seed)
        found += len(failures)
        print(
            f"{name}: {cases:,} cases, seed {args.seed}, {time.monotonic() - start:.0f} s: {len(failures)} failures"
        )
        for failure in failures[:SHOWN]:
            print("   ", failure)
        sys.stdout.flush()
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
