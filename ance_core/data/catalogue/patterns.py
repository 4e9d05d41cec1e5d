"""Sentence patterns: text with `{slots}` and `[singular|plural]` choices.

[it comes|they come] in {colour}        one family's clause
{a:colour} {kind} for the larger house  an opening; {a:...} puts "a" or "an" before a singular
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PART = re.compile(r"\{([^{}]*)\}|\[([^\[\]]*)\]")
_STRAY = re.compile(r"[{}\[\]]")
VOWEL_SOUND = re.compile(r"^(?:[aeio]|u(?!ni(?!n)|s[aeu]|k|ti)|hour|heir|hono)", re.IGNORECASE)
CONSONANT_SOUND = re.compile(r"^(?:eu|one\b|once\b|ew)", re.IGNORECASE)


class PatternError(ValueError):
    """What is wrong with a pattern, and the remedy."""


class Slot(NamedTuple):
    """A place for a wording; with `article`, "a" or "an" goes before it where one thing is spoken of."""

    name: str
    article: bool


class Choice(NamedTuple):
    """Text that depends on number; plain text has both forms alike."""

    singular: str
    plural: str


class Pattern(NamedTuple):
    """A pattern taken apart, and the line of the world it stands in."""

    pieces: tuple[Slot | Choice, ...]
    line: int
    source: str

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the slots, in their order."""
        return tuple(piece.name for piece in self.pieces if isinstance(piece, Slot))


def parse(source: str, line: int) -> Pattern:
    """The pattern of a text. PatternError for a bracket that does not close or is filled wrongly."""
    pieces: list[Slot | Choice] = []
    end = 0
    for found in _PART.finditer(source):
        _add_text(pieces, source[end : found.start()])
        pieces.append(_slot(found[1]) if found[1] is not None else _choice(found[2]))
        end = found.end()
    _add_text(pieces, source[end:])
    return Pattern(tuple(pieces), line, source)


def _add_text(pieces: list[Slot | Choice], text: str) -> None:
    if stray := _STRAY.search(text):
        raise PatternError(f"a stray '{stray[0]}': close it, or leave it out")
    if text:
        pieces.append(Choice(text, text))


def _slot(inside: str) -> Slot:
    article, colon, name = inside.rpartition(":")
    if colon and article != "a":
        raise PatternError(f"'{{{inside}}}': only 'a:' may stand before a slot's name")
    return Slot(name.strip(), bool(colon))


def _choice(inside: str) -> Choice:
    forms = inside.split("|")
    if len(forms) != 2:
        raise PatternError(f"'[{inside}]': write two forms, [singular|plural]")
    return Choice(*forms)


def with_article(noun: str) -> str:
    """The noun with "a" or "an" by the sound it begins with.

    >>> with_article("umbrella"), with_article("useful box"), with_article("hour glass")
    ('an umbrella', 'a useful box', 'an hour glass')
    """
    vowel = VOWEL_SOUND.match(noun) and not CONSONANT_SOUND.match(noun)
    return f"{'an' if vowel else 'a'} {noun}"


def capitalised(text: str) -> str:
    """The text as a sentence begins.

    >>> capitalised("it comes in navy")
    'It comes in navy'
    """
    return text[:1].upper() + text[1:]
