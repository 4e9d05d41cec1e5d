"""Chooses what queries ask for: from the facts of an anchor passage, as many as leave few enough answers.

The anchor satisfies its query, so there always is an answer. Facts are added in a hashed order until the number
of answers lies where it should; of several tries the first is taken that has near misses enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ...errors import DataError
from .draws import below, bits
from .facts import Facts
from .judging import Ask, Judge
from .names import Settings
from .world import World

FEWEST_WISHES, MOST_WISHES = 2, 3  # wanted beside the kind; more only where there would be too many answers
TRIES = 24  # anchors and orders for a query
STORED = 50  # near misses kept for a query


class Query(NamedTuple):
    """A query before it has words: its anchor passage, what it asks, its answers and some of its near misses."""

    anchor: int
    ask: Ask
    answers: np.ndarray  # rows, ascending
    near: int  # near misses in all
    misses: np.ndarray  # rows of at most STORED of them, ascending
    missed: np.ndarray  # what each misses: a family's column, or the number of families for the kind


def choose(world: World, settings: Settings, facts: Facts, judge: Judge) -> Iterator[Query]:
    """The queries of a catalogue, no two asking for the same. DataError where too few can be made."""
    asked: set[Ask] = set()
    for row in range(settings.queries):
        best: tuple[int, Ask, int] | None = None
        draws = bits(settings.seed, "anchor", np.array([row * TRIES + n for n in range(TRIES)]), 2)
        anchors = below(draws[:, 0], len(facts)).tolist()
        wanted = (FEWEST_WISHES + below(draws[:, 1], MOST_WISHES - FEWEST_WISHES + 1)).tolist()
        orders = bits(
            settings.seed, "wishes", np.array([row * TRIES + n for n in range(TRIES)]), len(world.families)
        )
        for n in range(TRIES):
            ask = _ask(facts, judge, anchors[n], wanted[n], orders[n], settings.answers)
            if ask is None or ask in asked:
                continue
            near = len(judge.near_misses(ask)[0]) if settings.near else 0
            if best is None or near > best[0]:
                best = near, ask, anchors[n]
            if near >= settings.near:
                break
        if best is None:
            raise _impossible(world, settings)
        _, ask, anchor = best
        asked.add(ask)
        yield _query(settings, row, anchor, ask, judge)


def _ask(
    facts: Facts, judge: Judge, anchor: int, wishes: int, drawn: np.ndarray, answers: tuple[int, int]
) -> Ask | None:
    """What a query about the anchor asks for; None where no number of its facts gives that many answers."""
    stated = facts.values[anchor]
    order = np.argsort(drawn, kind="stable")
    families = order[stated[order] > 0].tolist()
    low, high = answers
    chosen: list[int] = []
    for family in families:
        ask = _made(facts, anchor, [*chosen, family])
        count = len(judge.answers(ask))
        if count < low:
            continue  # one wish too narrow; another may do
        chosen.append(family)
        if len(chosen) >= wishes and count <= high:
            return ask
    if len(chosen) < FEWEST_WISHES and low == 1:
        return None
    if not chosen:
        return None
    ask = _made(facts, anchor, chosen)
    return ask if low <= len(judge.answers(ask)) <= high else None


def _made(facts: Facts, anchor: int, families: list[int]) -> Ask:
    ordered = tuple(sorted(families))
    return Ask(int(facts.kinds[anchor]), ordered, tuple(facts.values[anchor][list(ordered)].tolist()))


def _query(settings: Settings, row: int, anchor: int, ask: Ask, judge: Judge) -> Query:
    rows, missed = judge.near_misses(ask)
    near = len(rows)
    if near > STORED:  # a hashed choice, so that no part of the catalogue is preferred
        keys = bits(settings.seed, f"stored {row}", rows, 1)[:, 0]
        kept = np.sort(np.argsort(keys, kind="stable")[:STORED])
        rows, missed = rows[kept], missed[kept]
    return Query(anchor, ask, judge.answers(ask), near, rows, missed)


def _impossible(world: World, settings: Settings) -> DataError:
    low, high = settings.answers
    return DataError(
        f"answers {low}-{high}: not {settings.queries:,} different queries of {world.path.name} have so many among "
        f"{settings.passages:,} passages: ask for fewer queries, or for another number of answers"
    )
