"""The interval of an evaluation curve, from what each query scored: over queries with one seed, else over both."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ance_core.experiments.ends import Arm
from ance_core.experiments.statistics import crossed_means
from ance_core.recipes.budget import Spend
from ance_core.runs.evaluations import PerQuery

from .curves import COLUMNS
from .groups import Group

Found = Mapping[str, PerQuery]
"""By run, what its queries scored; without an entry, or with an empty one, where it was not recorded."""


def with_intervals(drawn: pd.DataFrame, groups: Sequence[Group], found: Found) -> pd.DataFrame:
    """`drawn` (from `curves`, without a band) with the 95 % interval of each line as roles `low` and `high`."""
    columns = {name: drawn[name].to_numpy() for name in COLUMNS}
    parts = [columns]
    places = drawn[drawn["role"] == "line"].groupby("group", sort=False)["step"].groups
    for group in groups:
        runs = _recorded(group, found)
        if group.label not in places or not runs:
            continue
        rows = drawn.index.get_indexer(places[group.label])
        steps = functools.reduce(np.intersect1d, [run.steps for run in runs])
        rows = rows[np.isin(columns["step"][rows], steps)]
        if not len(rows):
            continue
        line = {name: of[rows] for name, of in columns.items()}
        means = crossed_means(np.stack([_values(run, line["step"]) for run in runs], axis=1))
        for role, edge in (("low", means.low), ("high", means.high)):
            named = {"role": np.full(len(rows), role, object), "run": np.full(len(rows), "", object)}
            parts.append(line | named | {"value": edge})
    return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in COLUMNS})


def without_interval(groups: Sequence[Group], found: Found) -> list[str]:
    """The labels of groups that have none: some run of theirs did not record what single queries scored."""
    return [group.label for group in groups if not _recorded(group, found)]


def arms(groups: Sequence[Group], found: Found, training: frozenset[str]) -> tuple[list[Arm], int | None]:
    """What the sentence under the curves compares, and at which step: None where all have come to their end.

    training: runs that still train; the arms are then compared at the last step that all have reached. Groups whose
    runs all ended early, or did not record single queries, are left out; queries that not all have, too.
    """
    kept = [
        (group, list(zip(group.averaged, runs, strict=True)))
        for group in groups
        if (runs := _recorded(group, found)) and not all(member.cut_short for member in group.members)
    ]
    if not kept:
        return [], None
    runs = [run for _, members in kept for _, run in members]
    queries = functools.reduce(
        lambda a, b: a if a == b else tuple(q for q in a if q in set(b)), [r.queries for r in runs]
    )
    common = functools.reduce(np.intersect1d, [run.steps for run in runs])
    still = any(member.run in training for _, members in kept for member, _ in members)
    if len(queries) < 2 or (still and (not len(common) or common[-1] <= max(run.steps[0] for run in runs))):
        return [], None
    made = []
    for group, members in kept:
        own = functools.reduce(np.intersect1d, [run.steps for _, run in members])
        if not len(own):
            continue
        step = common[-1] if still else own[-1]
        first, last = {}, {}
        for member, run in members:
            columns = _columns(run, queries)
            first[member.seed] = run.values[0, columns]
            last[member.seed] = _values(run, np.array([step]))[0, columns]
        made.append(
            Arm(
                group.label,
                _spend(group),
                first,
                last,
            )
        )
    return made, int(common[-1]) if still else None


def _spend(group: Group) -> Spend:
    """What its arms have in common; of an unknown method nobody can say, so that it stands alone."""
    budget = group.members[0].budget
    return budget.spend if budget else Spend(0, f"{group.label}'s own")


def _recorded(group: Group, found: Found) -> list[PerQuery]:
    """Of each averaged run; empty unless all have it, on the same queries and two of them or more."""
    runs = [found.get(member.run) for member in group.averaged]
    known = [run for run in runs if run is not None and len(run)]
    same = len(known) == len(runs) and all(run.queries == known[0].queries for run in known)
    return known if same and known and len(known[0].queries) > 1 else []


def _values(run: PerQuery, steps: np.ndarray) -> np.ndarray:
    return run.values[np.searchsorted(run.steps, steps)]


def _columns(run: PerQuery, queries: tuple[str, ...]) -> np.ndarray:
    if run.queries == queries:
        return np.arange(len(queries))
    place = {query: column for column, query in enumerate(run.queries)}
    return np.array([place[query] for query in queries])
