"""The words of queries: keywords, a question, a need. Each term is worded as answers do, or as only queries do."""

from __future__ import annotations

import numpy as np

from .draws import below, bits, chance
from .judging import Ask
from .names import Settings
from .patterns import Choice, Pattern, Slot, capitalised, with_article
from .rules import WISHES, WORDS
from .world import World

SOMETHING = "something for"  # before what a kind is used for


class Phraser:
    """Puts asks into words."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world, self._settings = world, settings
        self._styles = list(world.queries.values())

    def text(self, row: int, ask: Ask) -> str:
        """The text of the query with that number."""
        count = len(ask.families)
        drawn = bits(self._settings.seed, "query", np.array([row]), 4 + 4 * (count + 1))[0]
        style = self._styles[_pick(drawn[0], len(self._styles))]
        pattern = style[_pick(drawn[1], len(style))]
        parts = drawn[4:].reshape(count + 1, 4)
        gaps = chance(parts[:, 0], self._settings.gap)
        order = np.argsort(parts[:, 3], kind="stable")
        noun, use = self._kind(ask.kind, bool(gaps[0]), parts[0, 1])
        wordings = [
            self._value(f, v - 1, bool(gap), draw)
            for f, v, gap, draw in zip(ask.families, ask.values, gaps[1:], parts[1:, 1], strict=True)
        ]
        plural = self._world.kinds[ask.kind].plural and not use
        if WORDS in pattern.slots:
            terms = [f"for {noun}" if use else noun, *wordings]
            return _filled(pattern, {WORDS: " ".join(terms[i] for i in order)}, {}, plural)
        wishes = [
            self._wish(ask.families[i - 1], wordings[i - 1], parts[i, 2], plural) for i in order.tolist() if i
        ]
        article = f"{SOMETHING} {noun}" if use else noun if plural else with_article(noun)
        text = _filled(
            pattern, {WISHES: listed(wishes)}, {True: article, False: article if use else noun}, plural
        )
        return capitalised(text)

    def _kind(self, row: int, gap: bool, draw: np.uint64) -> tuple[str, bool]:
        """(wording of the kind, whether it is a use)."""
        kind = self._world.kinds[row]
        if not gap:
            return kind.words[_pick(draw, len(kind.words))], False
        at = _pick(draw, len(kind.asked) + len(kind.uses))
        named = at < len(kind.asked)
        return kind.asked[at] if named else kind.uses[at - len(kind.asked)], not named

    def _value(self, family: int, value: int, gap: bool, draw: np.uint64) -> str:
        found = self._world.families[family].values[value]
        wordings = found.asked if gap else found.words
        return wordings[_pick(draw, len(wordings))]

    def _wish(self, family: int, wording: str, draw: np.uint64, plural: bool) -> str:
        wishes = self._world.families[family].wishes
        pattern = wishes[_pick(draw, len(wishes))]
        return _filled(pattern, {self._world.families[family].name: wording}, {}, plural)


def _pick(draw: np.uint64, count: int) -> int:
    return int(below(np.asarray(draw), count))


def _filled(pattern: Pattern, texts: dict[str, str], kinds: dict[bool, str], plural: bool) -> str:
    """The pattern with its slots filled. texts: by slot. kinds: the kind with (True) and without an article."""
    parts = []
    for piece in pattern.pieces:
        if isinstance(piece, Slot):
            parts.append(texts[piece.name] if piece.name in texts else kinds[piece.article])
        else:
            assert isinstance(piece, Choice)
            parts.append(piece.plural if plural else piece.singular)
    return "".join(parts)


def listed(parts: list[str]) -> str:
    """Parts as a sentence lists them.

    >>> listed(["is blue", "holds a litre", "suits campers"])
    'is blue, holds a litre and suits campers'
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
