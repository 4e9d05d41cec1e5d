"""What a world must keep to beyond its form, so that every passage can be written and every judgement is right.

Two values that one article may have never share a wording: a passage would say both. Values that no article has
side by side may share one, and then its meaning depends on the kind of goods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...errors import nearest
from ..problems import Problems, shown
from .patterns import Pattern
from .world import KIND, Family, Kind, World

WORDS, WISHES = "words", "wishes"  # slots of a query: bare wordings, or wishes joined by commas and "and"


def check(world: World, problems: Problems) -> None:
    """Put everything that breaks a rule into `problems`, with file and line."""
    for line, message in (
        *_families(world),
        *_openings(world),
        *_closings(world),
        *_queries(world),
        *_kind_wordings(world.kinds),
        *_value_wordings(world),
    ):
        problems.error(f"{line} {message}", f"{world.path}:{line}: {message}")


Found = Iterator[tuple[int, str]]


def _families(world: World) -> Found:
    voices = [voice.name for voice in world.voices]
    for family in world.families:
        what = f"family '{family.name}'"
        for voice in voices:
            if voice not in family.says:
                yield family.line, f"{what} has no clause in voice '{voice}': add one to `says`"
        for voice, patterns in family.says.items():
            if voice not in voices:
                yield _first(patterns, family.line), f"{what}: no voice '{voice}'{nearest(voice, voices)}"
            yield from _single_slot(patterns, family.name, f"a clause of {what}")
        yield from _single_slot(family.wishes, family.name, f"a wish of {what}")
        if len(family.values) < 2:
            yield family.line, f"{what} has {len(family.values)} value: give it two or more"
        if family.name == KIND:
            yield family.line, f"{what}: that name is the slot of the kinds: choose another"


def _single_slot(patterns: Iterable[Pattern], slot: str, what: str) -> Found:
    for pattern in patterns:
        for name in pattern.slots:
            if name != slot:
                yield pattern.line, f"{what} has the unknown slot '{{{name}}}': its only slot is '{{{slot}}}'"
        if pattern.slots.count(slot) != 1 and set(pattern.slots) <= {slot}:
            yield pattern.line, f"{what} (in {shown(pattern.source)}) must have the slot '{{{slot}}}' once"


def _openings(world: World) -> Found:
    known = [KIND, *world.family_names()]
    for voice in world.voices:
        what = f"an opening of voice '{voice.name}'"
        for pattern in voice.openings:
            for name in pattern.slots:
                if name not in known:
                    yield pattern.line, f"{what} has the unknown slot '{{{name}}}'{nearest(name, known)}"
            if pattern.slots.count(KIND) != 1 or len(set(pattern.slots)) < len(pattern.slots):
                yield pattern.line, f"{what}: name '{{{KIND}}}' once, and no other slot twice"
        if voice.openings and not any(pattern.slots == (KIND,) for pattern in voice.openings):
            message = (
                f"voice '{voice.name}' has no opening for every kind: add one with no slot but '{{{KIND}}}'"
            )
            yield voice.openings[0].line, message


def _closings(world: World) -> Found:
    for voice in world.voices:
        for pattern in voice.closings:
            if pattern.slots:
                slot = f"'{{{pattern.slots[0]}}}'"
                yield (
                    pattern.line,
                    f"a closing of voice '{voice.name}' has the slot {slot}: closings state nothing",
                )


def _queries(world: World) -> Found:
    for style, patterns in world.queries.items():
        for pattern in patterns:
            slots = pattern.slots
            for name in slots:
                if name not in (KIND, WORDS, WISHES):
                    hint = nearest(name, (KIND, WORDS, WISHES))
                    yield pattern.line, f"a query of style '{style}' has the unknown slot '{{{name}}}'{hint}"
            if set(slots) <= {KIND, WORDS, WISHES} and sorted(slots) not in ([WORDS], [KIND, WISHES]):
                remedy = "give it '{words}' alone, or '{a:kind}' and '{wishes}'"
                yield pattern.line, f"a query of style '{style}' (in {shown(pattern.source)}): {remedy}"


def _kind_wordings(kinds: Iterable[Kind]) -> Found:
    taken: dict[str, Kind] = {}
    for kind in kinds:
        for wording in (*kind.words, *kind.asked, *kind.uses):
            other = taken.setdefault(wording.casefold(), kind)
            if other is not kind:
                yield (
                    kind.line,
                    f"kind '{kind.name}' and kind '{other.name}' share {shown(wording)}: keep one",
                )
            elif wording in kind.words and wording in kind.asked:
                yield (
                    kind.line,
                    f"kind '{kind.name}': {shown(wording)} is in `words` and in `asked`: keep one",
                )
    names: dict[str, Kind] = {}
    for kind in kinds:
        if names.setdefault(kind.name, kind) is not kind:
            yield kind.line, f"kind '{kind.name}' is in two departments: give one another name"


def _value_wordings(world: World) -> Found:
    told: set[tuple[int, str]] = set()
    for kind in world.kinds:
        taken: dict[str, tuple[Family, str]] = {}
        for row in kind.families:
            family = world.families[row]
            for value in family.values:
                for wording in (*value.words, *value.asked):
                    key = wording.casefold()
                    other, name = taken.setdefault(key, (family, value.name))
                    if (other, name) == (family, value.name) or (value.line, key) in told:
                        continue
                    told.add((value.line, key))
                    here = f"'{value.name}' of '{family.name}' and '{name}' of '{other.name}'"
                    yield (
                        value.line,
                        f"{here} share {shown(wording)}, and kind '{kind.name}' has both: keep one",
                    )
                for wording in set(value.words) & set(value.asked):
                    message = f"value '{value.name}': {shown(wording)} is in `words` and in `asked`: keep one"
                    if (value.line, message) not in told:
                        told.add((value.line, message))
                        yield value.line, message


def _first(patterns: Iterable[Pattern], line: int) -> int:
    return next((pattern.line for pattern in patterns), line)
