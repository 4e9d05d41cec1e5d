"""Gradient norms of samplers over seeds, steps and layer bands, from stored probes: intervals, and verdicts on each.

found = compare_probes(runs, bands=["total"])
found.table             # one row a method of training, step, sampler and band
rich.print(found.render())

A sampler is set against the baseline under the same weights and on the same queries, so that what differs is the negative
alone; seeds are those of the runs whose weights they are. Nothing here loads a deep-learning library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ConfigError, nearest
from ..runs import Run
from .compare import records
from .probe_table import Steps, bands_of, check_comparable, stored, variance_table
from .settings import method_labels, seed_of
from .statistics import Effect, crossed_mean, paired_effect, ratio_of_means, verdicts
from .statistics.verdicts import check_smallest, description

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Group

BASELINE = "random"
KEYS = ("method", "step", "sampler", "band")
EFFECT_COLUMNS = (
    *("difference", "difference_low", "difference_high", "ratio", "p", "p_holm", "verdict"),
    *("seeds_compared", "seeds_needed", "remedy"),
)
TABLE_COLUMNS = (*KEYS, "seeds", "queries", "mean", "low", "high", "scope", "median", *EFFECT_COLUMNS)
_WORDS = ("verdict", "remedy")
Tables = dict[int, "pd.DataFrame"]
"""By seed, the probe of one method at one step."""


@dataclass(frozen=True)
class ProbeComparison:
    """What `compare_probes` found.

    table: one row a method of training, step, sampler and band (TABLE_COLUMNS): mean norm of an instance with its interval
    over seeds and queries; difference from the baseline sampler with its interval, ratio to it, verdict and what would
    decide it, NaN in the baseline's own rows. p_holm counts all rows as one family. warnings: one line each.
    """

    baseline: str | None  # a sampler; None where the probes have none to compare with
    smallest: float | None  # effect of interest, a difference of norms
    table: pd.DataFrame
    warnings: list[str]

    @property
    def family(self) -> int:
        """How many comparisons Holm's correction counts."""
        return int(self.table["p_holm"].notna().sum())

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON; NaN becomes None."""
        return {
            "baseline": self.baseline,
            "statistics": description(self.family, self.smallest),
            "rows": records(self.table),
            "warnings": self.warnings,
        }

    def render(self) -> Group:
        """For the terminal: the norms by sampler, what can be said of them, and the warnings."""
        from .probe_render import comparison_page

        return comparison_page(self)


def compare_probes(
    runs: Sequence[Run],
    steps: Steps = None,
    bands: Sequence[str] | None = None,
    baseline: str | None = None,
    smallest: float | None = None,
) -> ProbeComparison:
    """Compare the samplers of stored probes, pooled over the seeds of each method that was trained.

    steps: those of every run, or by a run's name; by default all that are stored
    bands: `total`, a layer band, or `output`; by default all, in one family
    baseline: a sampler, by default `random` where it was probed
    smallest: effect of interest, a difference of norms; without one nothing is called equivalent

    Raises ConfigError where encoders or datasets differ, or a step, band or baseline is not there.
    """
    import pandas as pd

    check_smallest(smallest)
    warnings = check_comparable(runs)
    groups = _groups(runs, steps, warnings)
    samplers = list(dict.fromkeys(name for group in groups.values() for name in _samplers(group)))
    base = _baseline(samplers, baseline)
    rows: list[dict[str, Any]] = []
    effects: list[Effect | None] = []
    for (method, step), group in groups.items():
        columns = _columns(group, bands)
        for sampler in _samplers(group):
            for row, effect in _of_sampler(
                group, sampler, base, columns, f"{method} at step {step}", warnings
            ):
                rows.append({"method": method, "step": step, "sampler": sampler} | row)
                effects.append(effect)
    found = iter(verdicts([effect for effect in effects if effect], smallest))
    for row, effect in zip(rows, effects, strict=True):
        if effect is not None:
            said = next(found)
            row |= {"p_holm": said.p_holm, "verdict": said.word, "remedy": said.remedy}
            row["seeds_needed"] = said.seeds_needed
    table = pd.DataFrame(rows, columns=list(TABLE_COLUMNS))
    numbers = [name for name in EFFECT_COLUMNS if name not in _WORDS]
    return ProbeComparison(base, smallest, table.astype(dict.fromkeys(numbers, float)), warnings)


def compare_variances(runs: Sequence[Run], steps: Steps = None) -> pd.DataFrame:
    """The variance of each sampler's gradient relative to the least possible (ANCE, Eq 10), over seeds and queries.

    Columns: method, step, sampler, seeds, queries, then `weighted` by 1 / (N p), `as_run` and `bias` (of the full gradient's
    length), each with `_low` and `_high`, the ends of its 95 % interval; scope. NaN where a sampler has no weighted form.
    ConfigError as of `variance_table`.
    """
    import pandas as pd

    table = variance_table(runs, steps)
    methods = dict(zip((run.name for run in runs), method_labels(runs), strict=True))
    table = table.assign(method=table["run"].map(methods))
    rows = []
    for (method, step, sampler), own in table.groupby(["method", "step", "sampler"], sort=False):
        first = own.drop_duplicates(["seed", "query"])
        wide = {name: first.pivot(index="seed", columns="query", values=name).dropna(axis=1, how="all")
                for name in ("weighted", "as_run", "bias", "optimum", "full")}  # fmt: skip
        queries = wide["optimum"].dropna(axis=1).columns
        row: dict[str, Any] = {"method": method, "step": step, "sampler": sampler}
        row |= {"seeds": first["seed"].nunique(), "queries": len(queries)}
        for name, below in (("weighted", "optimum"), ("as_run", "optimum"), ("bias", "full")):
            row |= _ratio(name, wide[name].reindex(columns=queries), wide[below][queries])
        rows.append(row | {"scope": "seeds and queries" if row["seeds"] > 1 else "this seed only"})
    return pd.DataFrame(rows)


def _ratio(name: str, above: pd.DataFrame, below: pd.DataFrame) -> dict[str, float]:
    a, b = above.to_numpy(float), below.to_numpy(float)
    if np.isnan(a).any() or not b.sum():
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"), np.nan)
    if a.shape[1] < 2:
        return {name: float(a.mean() / b.mean()), f"{name}_low": np.nan, f"{name}_high": np.nan}
    found = ratio_of_means(a, b)
    return {name: found.mean, f"{name}_low": found.low, f"{name}_high": found.high}


def _groups(runs: Sequence[Run], steps: Steps, warnings: list[str]) -> dict[tuple[str, int], Tables]:
    """(method, step) -> seed -> probe, methods in the order of the runs and steps ascending."""
    groups: dict[tuple[str, int], Tables] = {}
    owner: dict[tuple[str, int], Run] = {}
    for run, method in zip(runs, method_labels(runs), strict=True):
        first = owner.setdefault((method, seed_of(run)), run)
        if first is not run:
            warnings.append(f"{run.name} repeats {first.name} (method, seed): left out")
            continue
        for _, step, frame in stored([run], steps):
            groups.setdefault((method, step), {})[seed_of(run)] = frame
    order = list(dict.fromkeys(method for method, _ in groups))
    ordered = dict(sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1])))
    for method in order:
        found = {step: sorted(group) for (own, step), group in ordered.items() if own == method}
        if len({tuple(seeds) for seeds in found.values()}) > 1:
            said = "; ".join(f"step {step}: {', '.join(map(str, seeds))}" for step, seeds in found.items())
            warnings.append(f"{method}: its steps have probes of different seeds ({said})")
    return ordered


def _samplers(group: Tables) -> list[str]:
    return list(dict.fromkeys(str(name) for frame in group.values() for name in frame["sampler"].unique()))


def _baseline(samplers: list[str], asked: str | None) -> str | None:
    if asked is None:
        return BASELINE if BASELINE in samplers else None
    if asked not in samplers:
        raise ConfigError(f"baseline: no sampler {asked!r} was probed{nearest(asked, samplers)}")
    return asked


def _columns(group: Tables, asked: Sequence[str] | None) -> dict[str, str]:
    """By name the bands that all of a group have, or those asked for."""
    known = bands_of(next(iter(group.values())))
    for name in asked or ():
        if name not in known:
            raise ConfigError(f"band: {name!r} is none of this encoder{nearest(name, list(known))}")
    return known if asked is None else {name: known[name] for name in asked}


def _of_sampler(
    group: Tables,
    sampler: str,
    base: str | None,
    columns: dict[str, str],
    where: str,
    warnings: list[str],
) -> list[tuple[dict[str, Any], Effect | None]]:
    """Of one sampler at one step, a row a band and its effect against the baseline."""
    own = {seed: part for seed, frame in group.items() if len(part := _part(frame, sampler, columns))}
    values = _aligned([own])[0]  # (S, Q, B)
    if values.shape[1] < 2:
        warnings.append(f"{where}: {sampler} is left out: {values.shape[1]} queries that all its seeds have")
        return []
    pair = None
    if base is not None and sampler != base:
        others = {seed: part for seed in own if len(part := _part(group[seed], base, columns))}
        pair = _aligned([{seed: own[seed] for seed in others}, others]) if others else None
        if pair is None or pair[0].shape[1] < 2:
            warnings.append(f"{where}: {sampler} has no two queries in common with {base}")
            pair = None
        elif len(others) < len(own):
            warnings.append(f"{where}: {sampler} and {base} have different seeds: compared by {len(others)}")
    found = []
    for b, band in enumerate(columns):
        row, effect = _row(values[..., b], None if pair is None else (pair[0][..., b], pair[1][..., b]))
        found.append(({"band": band} | row, effect))
    return found


def _row(
    values: np.ndarray, pair: tuple[np.ndarray, np.ndarray] | None
) -> tuple[dict[str, Any], Effect | None]:
    mean = crossed_mean(values)
    row: dict[str, Any] = {"seeds": mean.seeds, "queries": mean.queries, "mean": mean.mean}
    row |= {"low": mean.low, "high": mean.high, "scope": mean.scope, "median": float(np.median(values))}
    if pair is None:
        return row, None
    effect = paired_effect(*pair)
    row |= {"difference": effect.difference, "difference_low": effect.low, "difference_high": effect.high}
    row |= {"p": effect.p, "seeds_compared": effect.seeds, "scope": effect.scope}
    if pair[1].any():
        row["ratio"] = effect.mean_a / effect.mean_b
    return row, effect


def _part(frame: pd.DataFrame, sampler: str, columns: dict[str, str]) -> pd.DataFrame:
    """The norms of what a sampler drew, a row a query."""
    own = frame.loc[frame["sampler"] == sampler, ["query", *columns.values()]]
    return own.groupby("query").mean()


def _aligned(groups: Sequence[Mapping[int, pd.DataFrame]]) -> list[np.ndarray]:
    """Of each group (S, Q, B), over the queries that all parts of all groups have."""
    parts = [part for group in groups for part in group.values()]
    shared = parts[0].index
    for part in parts[1:]:
        shared = shared.intersection(part.index)
    return [np.stack([part.loc[shared].to_numpy(float) for part in group.values()]) for group in groups]
