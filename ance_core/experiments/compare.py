"""Compare runs on the same queries: means, differences to a baseline, and how sure one can be of them.

comparison = compare(store.runs(), measure="RR@10", baseline="random", smallest=0.01)
comparison.methods      # one row a method, over its seeds, with the verdict on it
comparison.arms         # what each was given: negatives, loss, queries
rich.print(comparison.render())
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import ConfigError, nearest
from ..runs import Run
from .checks import aligned_values, check_datasets, start_warnings
from .settings import budget_of_run, differing, method_labels, preset_of, seed_of
from .statistics import Effect, paired_effect, verdicts
from .statistics.verdicts import check_smallest, description

if TYPE_CHECKING:
    from rich.console import Group

Pairing = Callable[[tuple[int, ...], tuple[int, ...]], Effect]
"""The effect between the runs at some positions and those at others, paired in order."""

EFFECT_COLUMNS = (
    *("difference", "low", "high", "p", "p_holm", "verdict", "scope", "seeds_compared", "seeds_needed", "remedy"),
    *("d_z", "wins", "ties", "losses"),
)  # fmt: skip
ARM_COLUMNS = ("method", "preset", "negatives", "loss", "in_batch", "queries_seen", "pairs_a_step")


@dataclass(frozen=True)
class Comparison:
    """What `compare` found. Tables hold NaN where there is nothing to compare: in the baseline's own rows.

    runs:     one row a run: run, method, seed, a column a measure (means), then EFFECT_COLUMNS on `measure`
    methods:  one row a method: method, seeds (how many), the same columns, over all its seeds
    arms:     one row a method, ARM_COLUMNS: what it was given
    differs:  one row a setting that differs, one column a run
    warnings: one line each; what the numbers cannot tell

    p_holm and verdict count the rows of a table as one family. verdict: higher, lower, equivalent or undecided;
    seeds_needed and remedy: what would decide it. scope: what interval and verdict speak of.
    """

    measure: str
    split: str
    baseline: str  # a method of `methods`
    smallest: float | None  # effect of interest
    queries: int
    runs: pd.DataFrame
    methods: pd.DataFrame
    arms: pd.DataFrame
    differs: pd.DataFrame
    warnings: list[str]

    @property
    def family(self) -> int:
        """How many comparisons of methods Holm's correction counts."""
        return int(self.methods["p_holm"].notna().sum())

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON; NaN becomes None."""
        return {
            "measure": self.measure,
            "split": self.split,
            "baseline": self.baseline,
            "queries": self.queries,
            "statistics": description(self.family, self.smallest),
            "runs": records(self.runs),
            "methods": records(self.methods),
            "arms": records(self.arms),
            "differs": {str(key): dict(row) for key, row in self.differs.iterrows()},
            "warnings": self.warnings,
        }

    def render(self) -> Group:
        """For the terminal: the methods, what can be said of them, what each was given, and the warnings."""
        from .render import comparison_page

        return comparison_page(self)


def compare(
    runs: Sequence[Run],
    measure: str = "RR@10",
    split: str = "test",
    baseline: str | None = None,
    smallest: float | None = None,
) -> Comparison:
    """Compare finished runs on the queries of `split`.

    baseline: a method or the name of a run, standing for its method; by default the first run's
    smallest: effect of interest, a difference of the measure. higher and lower then claim a difference beyond it, and
              a method whose difference is surely within it is called equivalent; without one nothing is

    A method is all that differs in nothing but seed, name, threads or what is recorded. A run is set against the
    baseline's run of the same seed, or else its first; a method against the baseline over the seeds both have. Holm's
    correction counts the rows of each table as one family.

    Raises ConfigError when there are fewer than two runs, their datasets or query ids differ, one has no
    results on `split`, the measure or baseline is unknown, or `smallest` is not positive.
    """
    if len(runs) < 2:
        raise ConfigError(f"runs: {len(runs)} given: at least two are needed to compare")
    check_smallest(smallest)
    warnings = check_datasets(runs)
    tables = aligned_values(runs, measure, split)
    methods = method_labels(runs)
    base = _baseline(runs, methods, baseline)
    warnings += start_warnings(runs)

    members = _members(runs, methods, warnings)
    means = pd.DataFrame([table.mean() for table in tables])
    values = np.array([table[measure].to_numpy() for table in tables])  # (runs, queries)

    run_rows = pd.DataFrame(
        {"run": [r.name for r in runs], "method": methods, "seed": [seed_of(r) for r in runs]}
    )

    @cache  # one run a method: both tables ask for the same
    def effect(a: tuple[int, ...], b: tuple[int, ...]) -> Effect:
        return paired_effect(values[list(a)], values[list(b)])

    run_effects = _run_effects(run_rows, members[base], effect)
    order = list(members)
    method_rows = pd.DataFrame({"method": order, "seeds": [len(members[m]) for m in order]})
    method_means = pd.DataFrame([means.iloc[list(members[m].values())].mean() for m in order])
    method_effects = _method_effects(members, values, base, warnings, effect)
    arms = _arms({method: runs[next(iter(by_seed.values()))] for method, by_seed in members.items()})
    warnings += _budget_warnings(arms, base)
    return Comparison(
        measure=measure,
        split=split,
        baseline=base,
        smallest=smallest,
        queries=values.shape[1],
        runs=pd.concat([run_rows, means, _effect_table(run_effects, smallest)], axis=1),
        methods=pd.concat([method_rows, method_means, _effect_table(method_effects, smallest)], axis=1),
        arms=arms,
        differs=differing(runs),
        warnings=warnings,
    )


def _members(runs: Sequence[Run], methods: list[str], warnings: list[str]) -> dict[str, dict[int, int]]:
    """Method -> seed -> position of its run."""
    members: dict[str, dict[int, int]] = {}
    for i, (run, method) in enumerate(zip(runs, methods, strict=True)):
        first = members.setdefault(method, {}).setdefault(seed_of(run), i)
        if first != i:
            warnings.append(f"{run.name} repeats {runs[first].name} (method, seed): left out of the methods")
    return members


def _baseline(runs: Sequence[Run], methods: list[str], asked: str | None) -> str:
    if asked is None:
        return methods[0]
    names = [run.name for run in runs]
    if asked in names:
        return methods[names.index(asked)]
    if asked in methods:
        return asked
    of_recipe = [method for method in dict.fromkeys(methods) if method.split(" (")[0] == asked]
    if len(of_recipe) == 1:
        return of_recipe[0]
    if of_recipe:
        raise ConfigError(f"baseline: '{asked}' is {len(of_recipe)} methods here: name a run of one of them")
    raise ConfigError(f"baseline: no run or method '{asked}'{nearest(asked, [*names, *methods])}")


def _run_effects(rows: pd.DataFrame, base: dict[int, int], effect: Pairing) -> list[Effect | None]:
    fallback = next(iter(base.values()))
    return [
        None if i in base.values() else effect((i,), (base.get(seed, fallback),))
        for i, seed in enumerate(rows["seed"])
    ]


def _method_effects(
    members: dict[str, dict[int, int]], values: np.ndarray, base: str, warnings: list[str], effect: Pairing
) -> list[Effect | None]:
    effects: list[Effect | None] = []
    for method, by_seed in members.items():
        if method == base:
            effects.append(None)
            continue
        common = [seed for seed in by_seed if seed in members[base]]
        if common:
            a, b = (tuple(group[seed] for seed in common) for group in (by_seed, members[base]))
            effects.append(effect(a, b))
        else:
            ours, theirs = (values[list(group.values())].mean(axis=0) for group in (by_seed, members[base]))
            effects.append(replace(paired_effect(ours, theirs), scope="these seeds only"))
        if len(common) < max(len(by_seed), len(members[base])):
            used = (
                f"only seeds {', '.join(map(str, common))}"
                if common
                else "means over all, chance of seeds included"
            )
            warnings.append(f"{method} and {base} have different seeds: compared by {used}")
    return effects


def _effect_table(effects: list[Effect | None], smallest: float | None) -> pd.DataFrame:
    """EFFECT_COLUMNS, a row an effect; all of them are one family."""
    tested = [effect for effect in effects if effect]
    found = iter(verdicts(tested, smallest))
    rows: list[dict[str, Any]] = []
    for effect in effects:
        if effect is None:
            rows.append({})
            continue
        verdict = next(found)
        said: dict[str, Any] = {"p_holm": verdict.p_holm, "verdict": verdict.word, "remedy": verdict.remedy}
        said |= {"seeds_compared": effect.seeds, "seeds_needed": verdict.seeds_needed}
        rows.append(effect.to_dict() | said)
    table = pd.DataFrame(rows, columns=list(EFFECT_COLUMNS))
    numbers = [name for name in EFFECT_COLUMNS if name not in ("verdict", "scope", "remedy")]
    return table.astype(dict.fromkeys(numbers, float))


def _arms(first: dict[str, Run]) -> pd.DataFrame:
    """ARM_COLUMNS of each method, from one of its runs."""
    rows = []
    for method, run in first.items():
        row: dict[str, Any] = {"method": method, "preset": preset_of(run)}
        if budget := budget_of_run(run):
            row |= {"negatives": budget.negatives, "loss": budget.loss, "in_batch": budget.in_batch}
            row |= {"queries_seen": budget.queries, "pairs_a_step": budget.pairs}
        rows.append(row)
    counts = dict.fromkeys(("negatives", "queries_seen", "pairs_a_step"), "Int64")
    return pd.DataFrame(rows, columns=list(ARM_COLUMNS)).astype(counts)


def _budget_warnings(arms: pd.DataFrame, base: str) -> list[str]:
    """A line for each arm that was not given what the baseline was: its difference is not its sampler's alone."""
    given = arms.dropna(subset=["negatives"]).set_index("method")
    if base not in given.index:
        return []
    names = {"negatives": "negatives a query", "loss": "loss", "queries_seen": "queries seen"}
    warnings = []
    for method, row in given.iterrows():
        other = [words for column, words in names.items() if row[column] != given.loc[base, column]]
        if other:
            warnings.append(
                f"{method} and {base} differ in {' and '.join(other)}: not the sampler's difference alone"
            )
    return warnings


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, ready for JSON: plain numbers, and None for what is missing."""
    rows: list[dict[str, Any]] = table.astype(object).where(table.notna(), None).to_dict("records")  # type: ignore[assignment]
    return [{k: v.item() if isinstance(v, np.generic) else v for k, v in row.items()} for row in rows]
