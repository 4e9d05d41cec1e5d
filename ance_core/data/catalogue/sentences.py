"""From facts to text: each passage is an opening that names the kind, a few sentences, and sometimes a closing.

All wordings and literal parts of patterns are kept once, as fragments; a passage is a row of fragment numbers,
found for a block of passages at once, and joined.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise, product

import numpy as np

from .draws import below, bits, chance
from .facts import BLOCK, FactDrawer, Facts
from .names import Settings
from .patterns import Choice, Pattern, Slot, capitalised, with_article
from .world import KIND, World

CLOSING = 350_000  # millionths of the passages with a closing, where they are short enough for one
MOST_SENTENCES = 5
FORMS = 4  # of a wording: plain, at the start of a sentence, after an article, both


class Fragments:
    """Texts by number, each once; 0 is the empty one. They are kept as JSON strings have them."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {"": 0}

    def add(self, text: str) -> int:
        """The number of a text."""
        return self._rows.setdefault(json.dumps(text, ensure_ascii=False)[1:-1], len(self._rows))

    def texts(self) -> np.ndarray:
        """All of them, an array of str objects."""
        return np.array(list(self._rows), dtype=object)


class Writer:
    """Writes passages of a world."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world, self._seed = world, settings.seed
        self._drawer = FactDrawer(world, settings)
        self._fragments = Fragments()
        self._plural = np.array([kind.plural for kind in world.kinds])
        self._slots = {name: row for row, name in enumerate((*world.family_names(), KIND))}
        self._wording_tables()
        self._pattern_tables()
        self._joins, self._joined = groupings(self._drawer.most)
        self._texts = self._fragments.texts()

    def _wording_tables(self) -> None:
        """For (slot, value, wording, form) the fragment: `_base[slot] + (value * width + wording) * FORMS + form`."""
        sets = [[(value.words, False) for value in family.values] for family in self._world.families]
        sets.append([(kind.words, kind.plural) for kind in self._world.kinds])
        self._width = max(len(words) for entries in sets for words, _ in entries)
        rows: list[int] = []
        self._base, counts = [], np.zeros((len(sets), max(map(len, sets)) + 1), dtype=np.int64)
        for slot, entries in enumerate(sets):
            self._base.append(len(rows))
            for value, (words, plural) in enumerate(entries):
                counts[slot, value] = len(words)
                for w in range(self._width):
                    rows += [self._fragments.add(text) for text in _forms(words[w % len(words)], plural)]
        self._counts, self._wordings = counts, np.array(rows)
        self._bases = np.array(self._base)

    def _pattern_tables(self) -> None:
        """Every pattern in four variants (number, start of a sentence or not) as rows of literals and slots."""
        world = self._world
        everything: list[Pattern] = []

        def place(patterns: Iterable[Pattern]) -> list[int]:
            first = len(everything)
            everything.extend(patterns)
            return list(range(first, len(everything)))

        self._openings = ragged([place(voice.openings) for voice in world.voices])
        self._closings = ragged([place(voice.closings) for voice in world.voices])
        clauses = [place(family.says[voice.name]) for voice in world.voices for family in world.families]
        self._clauses = ragged(clauses)
        self._joints = ragged(
            [[self._fragments.add(joint) for joint in voice.joints] for voice in world.voices]
        )
        self._stop, self._space = self._fragments.add(". "), self._fragments.add(" ")
        self._end = self._fragments.add(".")
        width = max((len(pattern.pieces) for pattern in everything), default=1)
        shape = (len(everything) * FORMS, width)
        self._literal, self._slot, self._form = (np.zeros(shape, dtype=np.int32) for _ in range(3))
        self._slot[:] = -1
        self._closed = np.array([pattern.source[-1] in ".!?" for pattern in everything])
        self._needs = np.zeros((len(everything), len(world.families) + 1), dtype=bool)
        for row, pattern in enumerate(everything):
            self._needs[row, [self._slots[name] for name in pattern.slots]] = True
            for plural, start in product((0, 1), (0, 1)):
                self._variant(row * FORMS + plural * 2 + start, pattern, plural, start)
        self._needs[:, -1] = False  # the kind is always there

    def _variant(self, at: int, pattern: Pattern, plural: int, start: int) -> None:
        for column, piece in enumerate(pattern.pieces):
            first = bool(start) and column == 0
            if isinstance(piece, Slot):
                self._slot[at, column] = self._slots[piece.name]
                # one thing of its kind has an article, several have none
                self._form[at, column] = first + 2 * (piece.article and not plural)
            else:
                assert isinstance(piece, Choice)
                text = piece.plural if plural else piece.singular
                self._literal[at, column] = self._fragments.add(capitalised(text) if first else text)

    def plan(self, rows: np.ndarray, attempts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(patterns (n, U), fragment numbers (n, P)) of passages; patterns in order, -1 where a passage has fewer."""
        kinds, values, order = self._drawer.draw(rows, attempts)
        keys = rows.astype(np.uint64)
        drawn = bits(self._seed, "plan", keys, 8)
        voice = below(drawn[:, 0], len(self._world.voices))
        opening = self._opening(voice, values > 0, drawn[:, 1:3])
        used = np.take_along_axis(self._needs[opening], order, axis=1)
        order = _packed(order, (order >= 0) & ~used)
        left = (order >= 0).sum(axis=1)
        join = self._joins[left, below(drawn[:, 3], self._joined[left])]  # (n, most)
        sentences = 1 + left - join.sum(axis=1)
        closing = self._closing(voice, sentences, drawn[:, 4:6])
        clause_draws = bits(self._seed, "clauses", keys, self._drawer.most)
        at = voice[:, None] * len(self._world.families) + order
        lists, counts = self._clauses
        clauses = np.where(order >= 0, lists[at, below(clause_draws, counts[at])], -1)
        units = np.column_stack([opening, clauses, closing])
        return units, self._pieces(units, join, voice, kinds, values, keys)

    def _opening(self, voice: np.ndarray, stated: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        """An opening all of whose slots the passage can fill; else one of those that need the kind alone."""
        lists, counts = self._openings
        chosen = lists[voice, below(drawn[:, 0], counts[voice])]
        lacking = (self._needs[chosen, :-1] & ~stated).any(axis=1)
        plain = ragged([[p for p in row if p >= 0 and not self._needs[p].any()] for row in lists.tolist()])
        fallback = plain[0][voice, below(drawn[:, 1], plain[1][voice])]
        return np.where(lacking, fallback, chosen)

    def _closing(self, voice: np.ndarray, sentences: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        lists, counts = self._closings
        wanted = chance(drawn[:, 0], CLOSING) | (sentences < 3)
        wanted &= (sentences < MOST_SENTENCES) & (counts[voice] > 0)
        return np.where(wanted, lists[voice, below(drawn[:, 1], counts[voice])], -1)

    def _pieces(
        self, units: np.ndarray, join: np.ndarray, voice: np.ndarray, kinds: np.ndarray, values: np.ndarray,
        keys: np.ndarray,
    ) -> np.ndarray:  # fmt: skip
        n, _ = units.shape
        there = units >= 0
        joined = np.zeros_like(there)
        joined[:, 1 : 1 + join.shape[1]] = join & there[:, 1 : 1 + join.shape[1]]
        variant = units * FORMS + self._plural[kinds][:, None] * 2 + ~joined
        slots = self._slot[variant]  # (n, units, width)
        facts = np.column_stack([values.astype(np.int64) - 1, kinds])
        value = np.take_along_axis(facts, np.maximum(slots, 0).reshape(n, -1), axis=1).reshape(slots.shape)
        words = below(
            bits(self._seed, "words", keys, len(self._slots)),
            self._counts[np.arange(len(self._slots)), facts],
        )
        word = np.take_along_axis(words, np.maximum(slots, 0).reshape(n, -1), axis=1).reshape(slots.shape)
        at = self._bases[slots] + (value * self._width + word) * FORMS + self._form[variant]
        pieces = np.where(slots >= 0, self._wordings[np.where(slots >= 0, at, 0)], self._literal[variant])
        pieces[~there] = 0
        before = self._separators(units, there, joined, voice, keys)
        last = np.where(self._closed[_last(units, there)], 0, self._end)
        body = np.concatenate([before[:, :, None], pieces], axis=2).reshape(n, -1)
        return np.column_stack([body, last])

    def _separators(
        self, units: np.ndarray, there: np.ndarray, joined: np.ndarray, voice: np.ndarray, keys: np.ndarray
    ) -> np.ndarray:
        """The fragment before each unit: nothing, a joint, or the end of the sentence before it; (n, units)."""
        n, count = units.shape
        before = np.zeros((n, count), dtype=np.int64)
        lists, counts = self._joints
        draws = bits(self._seed, "joints", keys, count)
        joint = lists[voice[:, None], below(draws, counts[voice][:, None])]
        previous = units[:, 0]
        for column in range(1, count):
            here = there[:, column]
            stop = np.where(self._closed[previous], self._space, self._stop)
            before[:, column] = np.where(here, np.where(joined[:, column], joint[:, column], stop), 0)
            previous = np.where(here, units[:, column], previous)
        return before

    def texts(self, facts: Facts, block: int = BLOCK) -> Iterator[list[str]]:
        """The passages in order, a list a block, as JSON strings without their quotes."""
        for start in range(0, len(facts), block):
            rows = np.arange(start, min(start + block, len(facts)))
            _, pieces = self.plan(rows, facts.attempts[rows])
            yield ["".join(row) for row in self._texts[pieces].tolist()]


def _forms(wording: str, plural: bool) -> list[str]:
    """The wording plain, as a sentence begins, after an article, and after one that begins a sentence."""
    article = wording if plural else with_article(wording)
    return [wording, capitalised(wording), article, capitalised(article)]


def ragged(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Lists of different lengths as (array (n, longest) filled up with -1, lengths (n,))."""
    table = np.full((len(rows), max(1, *map(len, rows)) if rows else 1), -1, dtype=np.int64)
    for row, entries in enumerate(rows):
        table[row, : len(entries)] = entries
    return table, np.array([len(entries) for entries in rows], dtype=np.int64)


def groupings(most: int) -> tuple[np.ndarray, np.ndarray]:
    """How n clauses, for n up to `most`, can be joined to sentences of one or two, at most four in all.

    (joined (most + 1, ways, most) bool: whether a clause is joined to the one before it; ways of each n).
    """
    ways: list[list[list[bool]]] = []
    for n in range(most + 1):
        flags = [list(f) for f in product((False, True), repeat=n) if not (n and f[0])]
        apart = [f for f in flags if not any(a and b for a, b in pairwise(f))]
        fewest = min((n - sum(f) for f in apart), default=0)
        ways.append([f for f in apart if n - sum(f) <= max(MOST_SENTENCES - 1, fewest)])
    table = np.zeros((most + 1, max(map(len, ways)), most), dtype=bool)
    for n, options in enumerate(ways):
        for row, joined in enumerate(options):
            table[n, row, :n] = joined
    return table, np.array([len(options) for options in ways])


def _packed(order: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """The kept entries of each row moved to its front, in order; -1 behind them."""
    at = np.argsort(~keep, axis=1, kind="stable")
    return np.where(np.take_along_axis(keep, at, axis=1), np.take_along_axis(order, at, axis=1), -1)


def _last(units: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The last pattern of each passage, (n,)."""
    column = units.shape[1] - 1 - np.argmax(there[:, ::-1], axis=1)
    return np.take_along_axis(units, column[:, None], axis=1)[:, 0]
