"""Do p and intervals keep to what they say? Simulated from recorded differences: the tables of docs/statistics.md.

    python -m benchmarks.statistics_check [--repeats 2000] [--write docs/statistics.md]

`recorded_ranks.npy`: int8 (3, 5, 720), the rank of the first relevant passage, 0 beyond 10, of `random`, `ance` and `simans`
on the 720 test queries of `catalogue`, seeds 0 to 4, as `benchmarks.collection_table` trains them. RR@10 is 1 / rank.

A made-up comparison draws queries with replacement, and for each seed and query one of the five recorded differences of
that query, less the mean over all: what varies over queries, and over pairs of query and seed, is real, and the truth is
0. What varies over seeds is planted: a normal number a seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from ance_core.experiments.statistics import (
    Effect,
    crossed_means,
    holm,
    paired_effect,
    pigeonhole_intervals,
)
from ance_core.experiments.statistics.crossed import Components, standard_error
from ance_core.experiments.statistics.verdicts import LEVEL, seeds_to_decide

RECORDED = Path(__file__).with_name("recorded_ranks.npy")
METHODS = ("random", "ance", "simans")
PAIRS = (("ance", "random"), ("simans", "ance"))
QUERIES, SEEDS, SEED_SD = (200, 1000), (2, 3, 5, 10), (0.0, 0.03, 0.06)
CELLS = 2_000_000  # differences held at once
BEGIN, END = "<!-- check: begin -->", "<!-- check: end -->"


def recorded(a: str, b: str) -> np.ndarray:
    """(5, 720) differences of RR@10 less their mean."""
    ranks = np.load(RECORDED).astype(float)
    values = np.divide(1.0, ranks, out=np.zeros_like(ranks), where=ranks > 0)
    differences = values[METHODS.index(a)] - values[METHODS.index(b)]
    return differences - differences.mean()


def made_up(
    rng: np.random.Generator, source: np.ndarray, repeats: int, seeds: int, queries: int, seed_sd: float
) -> np.ndarray:
    """(repeats, seeds, queries) differences of a true mean of 0, as the module's docstring says."""
    picked = rng.integers(source.shape[1], size=(repeats, 1, queries))
    values = source[rng.integers(len(source), size=(repeats, seeds, queries)), picked]
    return values + rng.normal(0, seed_sd, (repeats, seeds, 1))


def blocks(
    repeats: int, seeds: int, queries: int, seed_sd: float, source: np.ndarray, seed: int = 0
) -> Iterator[np.ndarray]:
    """`made_up` in parts that memory holds."""
    rng = np.random.default_rng([seed, seeds, queries, round(1000 * seed_sd)])
    size = max(1, CELLS // (seeds * queries))
    for start in range(0, repeats, size):
        yield made_up(rng, source, min(size, repeats - start), seeds, queries, seed_sd)


def false_alarms(repeats: int, seeds: int, queries: int, seed_sd: float, source: np.ndarray) -> float:
    """Share of p below .05 of the crossed-variance t. The interval covers the truth in all other cases."""
    found = [crossed_means(x).p < LEVEL for x in blocks(repeats, seeds, queries, seed_sd, source)]
    return float(np.concatenate(found).mean())


def alarms_over_queries(repeats: int, seeds: int, queries: int, seed_sd: float, source: np.ndarray) -> float:
    """The same of a test over queries of the means over seeds."""
    found = [
        crossed_means(x.mean(axis=1, keepdims=True)).p < LEVEL
        for x in blocks(repeats, seeds, queries, seed_sd, source)
    ]
    return float(np.concatenate(found).mean())


def alarms_by_bootstrap(repeats: int, seeds: int, queries: int, seed_sd: float, source: np.ndarray) -> float:
    """Share of pigeonhole bootstrap intervals that leave 0 out."""
    out = []
    for x in blocks(repeats, seeds, queries, seed_sd, source):
        low, high = pigeonhole_intervals(x, resamples=500)
        out.append((low > 0) | (high < 0))
    return float(np.concatenate(out).mean())


def family_alarms(
    repeats: int, seeds: int, queries: int, seed_sd: float, source: np.ndarray, arms: int = 5
) -> float:
    """Share of families of `arms` comparisons with one baseline, none of them different, with any p (Holm) below .05."""
    rng, alarms = np.random.default_rng([1, seeds, queries]), 0
    for _ in range(repeats):
        values = made_up(rng, source, arms + 1, seeds, queries, seed_sd)
        alarms += bool((holm(crossed_means(values[1:] - values[0]).p) < LEVEL).any())
    return alarms / repeats


def truth(seeds: int, queries: int, seed_sd: float, source: np.ndarray, difference: float) -> Effect:
    """The effect whose parts of variance are the true ones, those that `made_up` draws from."""
    by_query = source.mean(axis=0)
    rest = np.asarray((source - by_query).var() / (seeds * queries))
    parts = Components(seed_sd**2 / seeds + rest, by_query.var() / queries + rest, rest)
    error, freedom = standard_error(parts, seeds, queries)
    nothing = np.zeros((seeds, queries))
    return replace(
        paired_effect(nothing, nothing), difference=difference, error=float(error), freedom=float(freedom),
        of_seeds=float(parts.seeds), of_queries=float(parts.queries), rest=float(rest),
    )  # fmt: skip


def found_share(
    repeats: int, queries: int, seed_sd: float, source: np.ndarray, difference: float
) -> tuple[int, float]:
    """The seeds said to decide a true difference of so much, and the share of comparisons with so many that do."""
    seeds = seeds_to_decide(truth(2, queries, seed_sd, source, difference))
    if seeds is None:
        raise ValueError(f"difference: {difference} is decided by no number of seeds over {queries} queries")
    found = [
        crossed_means(x + difference).p < LEVEL for x in blocks(repeats, seeds, queries, seed_sd, source)
    ]
    return seeds, float(np.concatenate(found).mean())


def equivalent_share(
    repeats: int,
    seeds: int,
    queries: int,
    seed_sd: float,
    source: np.ndarray,
    smallest: float,
    difference: float,
) -> float:
    """Share of comparisons of so true a difference that are called equivalent."""
    called = []
    for x in blocks(repeats, seeds, queries, seed_sd, source):
        found = crossed_means(x + difference, confidence=1 - 2 * LEVEL)
        called.append((found.low > -smallest) & (found.high < smallest))
    return float(np.concatenate(called).mean())


def alarms_table(repeats: int) -> str:
    lines = [
        "| queries | seeds | sd of the seed effect | crossed-variance t: ance − random | simans − ance | "
        "test over queries alone | pigeonhole bootstrap |",
        "|---|---|---|---|---|---|---|",
    ]
    sources = [recorded(*pair) for pair in PAIRS]
    for queries, seeds, sd in product(QUERIES, SEEDS, SEED_SD):
        cells = [false_alarms(repeats, seeds, queries, sd, source) for source in sources]
        cells.append(alarms_over_queries(repeats, seeds, queries, sd, sources[0]))
        cells.append(alarms_by_bootstrap(min(repeats, 500), seeds, queries, sd, sources[0]))
        lines.append(f"| {queries:,} | {seeds} | {sd:g} | {' | '.join(f'{100 * c:.1f} %' for c in cells)} |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


def claims_table(repeats: int) -> str:
    source = recorded("ance", "random")
    rows = [
        (f"any false claim in a family of 5 with one baseline, {s} seeds, 200 queries, seed sd .03", "at most 5 %",
         family_alarms(repeats, s, 200, 0.03, source))
        for s in (5, 10)
    ]  # fmt: skip
    for difference, queries, sd in (
        (0.05, 200, 0.0),
        (0.06, 200, 0.03),
        (0.04, 1000, 0.03),
        (0.05, 1000, 0.06),
    ):
        seeds, share = found_share(repeats, queries, sd, source, difference)
        what = f"a true difference of {difference:g} found with the seeds said to decide it, {seeds}"
        rows.append((f"{what}; {queries:,} queries, seed sd {sd:g}", "80 %", share))
    for difference, wanted in ((0.0, "nearly all"), (0.03, "at most 5 %")):
        share = equivalent_share(repeats, 10, 1000, 0.01, source, 0.03, difference)
        what = f"called equivalent within .03, true difference {difference:g}"
        rows.append((f"{what}; 10 seeds, 1,000 queries, seed sd .01", wanted, share))
    lines = ["| | should be | is |", "|---|---|---|"]
    return "\n".join(
        [*lines, *(f"| {what} | {wanted} | {100 * share:.1f} % |" for what, wanted, share in rows)]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--write", type=Path, help="document with the marks to put the tables between")
    args = parser.parse_args()
    text = f"{alarms_table(args.repeats)}\n\n{claims_table(args.repeats)}"
    print(text)
    if args.write:
        before, _, rest = args.write.read_text(encoding="utf-8").partition(BEGIN)
        args.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
