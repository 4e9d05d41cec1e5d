"""Run the benchmarks: `python -m benchmarks [--only NAME] [--quick]`; without --quick the figures are written."""

from __future__ import annotations

import argparse
import importlib
import inspect
import time

from .machine import describe
from .report import load, save, table, write_document
from .rows import Row

BENCHMARKS = {
    "draw": ("drawing", "Drawing a batch of negatives"),
    "train": ("train_steps", "Training steps"),
    "encode": ("encoding", "Encoding"),
    "refresh": ("refreshing", "A refresh"),
    "gradients": ("gradients", "Exact gradient norms"),
    "methods": ("method_times", "Time of each method beside ANCE"),
    "async": ("async_refresh", "Asynchronous refresh"),
    "record": ("recording", "The cost of recording"),
    "geometry": ("geometry", "Measuring an embedding space"),
    "negatives": ("negatives_table", "A million recorded negatives"),
    "pages": ("pages", "First figures of the dashboard"),
    "demo": ("demo", "The demo"),
}


def main() -> None:
    """All benchmarks, or the one named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=BENCHMARKS, action="append", help="just this one; may be repeated")
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes, to see that it runs; writes nothing"
    )
    args = parser.parse_args()
    for name in args.only or BENCHMARKS:
        file, title = BENCHMARKS[name]
        module = importlib.import_module(f".{file}", __package__)
        start, machine = time.perf_counter(), describe()
        rows: list[Row] = []
        for row in module.run(args.quick):
            rows.append(row)
            print(
                f"{time.perf_counter() - start:5.0f} s  {row.what}: {row.value.median:.3g}{row.unit}",
                flush=True,
            )
        print(f"\n{title}\n\n{table(rows)}\n", flush=True)
        if not args.quick:
            save(name, title, _note(module.__doc__), rows, machine)
    if not args.quick:
        write_document(load(), list(BENCHMARKS))


def _note(text: str | None) -> str:
    """A module's docstring without its first line: what was measured and how."""
    return inspect.cleandoc(text or "").partition("\n\n")[2]


if __name__ == "__main__":
    main()
