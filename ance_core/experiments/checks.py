"""Whether runs can be compared at all, and what a reader of the comparison has to know."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd

from ..data.of_run import copy_of, pinned
from ..data.split_names import in_order
from ..errors import ConfigError, nearest
from ..runs import Run
from .settings import seed_of


def check_datasets(runs: Sequence[Run]) -> list[str]:
    """Warnings where runs saw different labels of one dataset. ConfigError where the datasets differ."""
    first, warnings = runs[0], []
    for run in runs[1:]:
        ours, theirs = run.info.get("dataset") or {}, first.info.get("dataset") or {}
        if ours.get("fingerprint") == theirs.get("fingerprint"):
            continue
        masked = any(r.info["config"].get("labels_per_query") for r in (run, first))
        if not (masked and (ours.get("name"), ours.get("docs")) == (theirs.get("name"), theirs.get("docs"))):
            raise ConfigError(
                f"runs: {first.name} is on dataset {_dataset(theirs)}, {run.name} on {_dataset(ours)}: "
                f"queries cannot be paired; compare runs on one dataset{_hint(first, run)}"
            )
        warnings.append(f"{first.name} and {run.name} were trained on different labels of {ours.get('name')}")
    return warnings


def _hint(first: Run, run: Run) -> str:
    """How to train on the other's copy, where both are copies of one built collection."""
    one, other = copy_of(first), copy_of(run)
    return f", as --data {pinned(first)} trains" if one and other and one[0] == other[0] else ""


def aligned_values(runs: Sequence[Run], measure: str, split: str) -> list[pd.DataFrame]:
    """Per run a table of the measures all runs have, rows in the order of the first run's queries.

    Raises ConfigError when a run has no values on `split` or not of `measure`, or the query ids differ.
    """
    tables = [_values(run, measure, split) for run in runs]
    queries = tables[0].index
    for run, table in zip(runs, tables, strict=True):
        odd = queries.symmetric_difference(table.index)
        if len(odd):
            raise ConfigError(
                f"runs: {runs[0].name} and {run.name} differ in {len(odd)} {split} queries, such as "
                f"'{odd[0]}': evaluate both on the same queries"
            )
    shared = [column for column in tables[0] if all(column in table for table in tables)]
    return [table.loc[queries, shared] for table in tables]


def _values(run: Run, measure: str, split: str) -> pd.DataFrame:
    table = run.per_query()
    found = table[table["split"] == split]
    if found.empty:
        splits = ", ".join(in_order(map(str, table["split"].unique())))
        has = (
            f"it has {splits}: choose one of them"
            if splits
            else f"it is {run.status().state}: finish it first"
        )
        raise ConfigError(f"run '{run.name}': no per-query values on '{split}'; {has}")
    found = found.set_index("query_id").drop(columns="split")
    if measure not in found:
        raise ConfigError(f"measure: run '{run.name}' has no '{measure}'{nearest(measure, map(str, found))}")
    if found.index.has_duplicates:
        twice = found.index[found.index.duplicated()][0]
        raise ConfigError(f"run '{run.name}': query '{twice}' has two {split} rows: evaluate the run again")
    return found


def start_warnings(runs: Sequence[Run]) -> list[str]:
    """A line for each run that did not start from the weights the first run of its seed started from."""
    first_of_seed: dict[int, Run] = {}
    warnings = []
    for run in runs:
        first = first_of_seed.setdefault(seed_of(run), run)
        if _start(run) != _start(first):
            warnings.append(
                f"initial weights differ: {first.name} starts from {_describe(first)}, {run.name} from "
                f"{_describe(run)}: their difference is not the method's alone"
            )
    return warnings


def _start(run: Run) -> str:
    """What decides the initial weights, given the dataset and seed."""
    return json.dumps([run.info.get("init"), run.info["config"].get("encoder")], sort_keys=True)


def _describe(run: Run) -> str:
    init = run.info.get("init") or {}
    source = init.get("run")
    encoder = (run.info["config"].get("encoder") or {}).get("kind", "an encoder")
    return f"{source} at step {init.get('step')} ({encoder})" if source else f"fresh weights ({encoder})"


def _dataset(info: dict[str, object]) -> str:
    return f"'{info.get('name', 'unknown')}' ({info.get('fingerprint', 'no fingerprint')})"
