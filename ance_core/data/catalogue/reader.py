"""Reads a world file: every part of it in its place, and a line with the remedy for every part that is not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TypeVar

from ...errors import nearest
from ..problems import Problems, shown
from . import rules
from .nodes import Node, read_nodes
from .patterns import Pattern, PatternError, parse
from .world import MOST, Family, Kind, Value, Voice, World

TOP = ("title", "about", "facts", "voices", "families", "departments", "queries")
DEFAULT_FACTS = (5, 7)
T = TypeVar("T")


def read_world(path: Path) -> World:
    """The world of a file. DataError, on one line, with the first thing that is wrong in it."""
    problems = Problems()
    world = check_world(path, problems)
    problems.raise_errors()
    assert world is not None
    return world


def check_world(path: Path, problems: Problems) -> World | None:
    """The world of a file, everything that is wrong in it as errors; None where it cannot be put together."""
    root = read_nodes(path, problems)
    if root is None:
        return None
    world = _WorldReader(path, problems).world(root)
    if not problems.errors:
        rules.check(world, problems)
    return world


class _WorldReader:
    """Reads on after an error, so that all of them are found at once."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self._path, self._problems = path, problems

    def world(self, root: Node) -> World:
        """The whole file."""
        top = self._entries(root, "the world", TOP, ("title", "voices", "families", "departments", "queries"))
        title = self._text(top["title"], "title") if "title" in top else ""
        about = self._text(top["about"], "about") if "about" in top else title
        facts = self._facts(top["facts"]) if "facts" in top else DEFAULT_FACTS
        voices = self._each(top, "voices", self._voice)
        families = self._each(top, "families", self._family)
        names = [family.name for family in families]
        kinds = [
            kind
            for name, node in self._named(top, "departments")
            for kind in self._department(name, node, names)
        ]
        self._few_enough(root.line, "kinds", kinds)
        queries = {
            name: self._patterns(node, f"queries of style '{name}'")
            for name, node in self._named(top, "queries")
        }
        return World(self._path, title, about, facts, tuple(families), tuple(kinds), tuple(voices), queries)

    def _voice(self, name: str, node: Node) -> Voice:
        what = f"voice '{name}'"
        parts = self._entries(node, what, ("openings", "closings", "joints"), ("openings",))
        closings = self._patterns(parts["closings"], f"closings of {what}") if "closings" in parts else ()
        joints = (
            self._texts(parts["joints"], f"joints of {what}", strip=False)
            if "joints" in parts
            else (", and ",)
        )
        openings = self._patterns(parts.get("openings"), f"openings of {what}")
        return Voice(name, openings, closings, joints, node.line)

    def _family(self, name: str, node: Node) -> Family:
        what = f"family '{name}'"
        parts = self._entries(node, what, ("values", "says", "wishes"), ("values", "says", "wishes"))
        values = [self._value(name, key, value) for key, value in self._named(parts, "values")]
        self._few_enough(node.line, f"values in {what}", values)
        says = {
            voice: self._patterns(said, f"clauses of {what} in voice '{voice}'")
            for voice, said in self._named(parts, "says")
        }
        wishes = self._patterns(parts.get("wishes"), f"wishes of {what}")
        return Family(name, tuple(values), says, wishes, node.line)

    def _value(self, family: str, name: str, node: Node) -> Value:
        what = f"value '{name}' of family '{family}'"
        parts = self._entries(node, what, ("words", "asked"), ("words", "asked"))
        return Value(
            name, self._wordings(parts, "words", what), self._wordings(parts, "asked", what), node.line
        )

    def _wordings(self, parts: dict[str, Node], key: str, what: str) -> tuple[str, ...]:
        return self._texts(parts[key], f"{key} of {what}") if key in parts else ()

    def _department(self, name: str, node: Node, families: list[str]) -> Iterator[Kind]:
        parts = self._entries(node, f"department '{name}'", ("families", "kinds"), ("kinds",))
        common = parts.get("families")
        for key, kind in self._named(parts, "kinds"):
            yield self._kind(name, key, kind, common, families)

    def _kind(self, department: str, name: str, node: Node, common: Node | None, families: list[str]) -> Kind:
        what = f"kind '{name}'"
        known = ("words", "asked", "use", "plural", "families", "also", "without")
        parts = self._entries(node, what, known, ("words",))
        own = parts.get("families", common)
        rows = self._families(own, what, families) if own else []
        rows += self._families(parts["also"], what, families) if "also" in parts else []
        less = self._families(parts["without"], what, families) if "without" in parts else []
        asked, uses = self._wordings(parts, "asked", what), self._wordings(parts, "use", what)
        if not asked + uses and "words" in parts:
            self._error(node.line, f"{what} has no wording for queries: give it `asked` or `use`")
        kept = tuple(sorted(set(rows) - set(less)))
        if len(kept) < 2:
            self._error(
                node.line, f"{what} has {len(kept)} families: give it two or more (`families`, `also`)"
            )
        words = self._wordings(parts, "words", what)
        return Kind(
            name, department, words, asked, uses, self._plural(parts.get("plural"), what), kept, node.line
        )

    def _plural(self, node: Node | None, what: str) -> bool:
        if node is None or node.value in ("yes", "true", "no", "false"):
            return node is not None and node.value in ("yes", "true")
        self._error(node.line, f"plural of {what}: {shown(node.value)}: write yes or no")
        return False

    def _families(self, node: Node, what: str, known: list[str]) -> list[int]:
        found = []
        for name in self._texts(node, f"families of {what}"):
            if name in known:
                found.append(known.index(name))
            else:
                self._error(node.line, f"{what}: no family '{name}'{nearest(name, known)}")
        return found

    def _facts(self, node: Node) -> tuple[int, int]:
        low, dash, high = str(node.value).partition("-")
        if not (low.strip().isdecimal() and (high.strip().isdecimal() or not dash)):
            self._error(node.line, f"facts: {shown(node.value)}: write a number or a range, such as 5-7")
            return DEFAULT_FACTS
        pair = int(low), int(high or low)
        if not 2 <= pair[0] <= pair[1] <= 12:
            self._error(node.line, f"facts: {shown(node.value)}: the range must lie between 2 and 12")
            return DEFAULT_FACTS
        return pair

    # the shapes that parts are made of

    def _entries(
        self, node: Node, what: str, known: tuple[str, ...], needed: tuple[str, ...]
    ) -> dict[str, Node]:
        if not isinstance(node.value, dict):
            self._error(node.line, f"{what}: a mapping with {', '.join(known)} is needed here")
            return {}
        for name, entry in node.value.items():
            if name not in known:
                self._error(entry.line, f"{what}: no part '{name}' in it{nearest(name, known)}")
        for name in needed:
            if name not in node.value:
                self._error(node.line, f"{what} has no '{name}': add it")
        return node.value

    def _each(self, parts: dict[str, Node], key: str, read: Callable[[str, Node], T]) -> list[T]:
        found = [read(name, node) for name, node in self._named(parts, key)]
        if key in parts:
            self._few_enough(parts[key].line, key, found)
        return found

    def _named(self, parts: dict[str, Node], key: str) -> list[tuple[str, Node]]:
        """The entries of a mapping that must have one or more; none, and an error, for anything else."""
        if key not in parts:
            return []
        node = parts[key]
        if not isinstance(node.value, dict) or not node.value:
            self._error(node.line, f"{key}: write one or more `name:` entries below it")
            return []
        return list(node.value.items())

    def _few_enough(self, line: int, what: str, found: Collection[object]) -> None:
        if len(found) > MOST:
            self._error(line, f"{len(found)} {what}: at most {MOST} are possible")

    def _text(self, node: Node, what: str) -> str:
        text = " ".join(node.value.split()) if isinstance(node.value, str) else ""
        if not text:
            self._error(node.line, f"{what}: a text is needed here")
        return text

    def _texts(self, node: Node, what: str, *, strip: bool = True) -> tuple[str, ...]:
        """One text, or a list of one or more, each different."""
        found: list[str] = []
        for item in node.value if isinstance(node.value, list) else [node]:
            text = item.value if isinstance(item.value, str) else ""
            text = " ".join(text.split()) if strip else text
            if not text:
                self._error(item.line, f"{what}: an empty entry: write a text")
            elif text in found:
                self._error(item.line, f"{what}: {shown(text)} stands there twice: keep one")
            else:
                found.append(text)
        if not found and isinstance(node.value, list):
            self._error(node.line, f"{what}: nothing there: write one or more")
        return tuple(found)

    def _patterns(self, node: Node | None, what: str) -> tuple[Pattern, ...]:
        if node is None:
            return ()
        found = []
        for item in node.value if isinstance(node.value, list) else [node]:
            text = self._text(item, what)
            try:
                found.append(parse(text, item.line))
            except PatternError as error:
                self._error(item.line, f"{what}: {error} (in {shown(text)})")
        if not found and isinstance(node.value, list):
            self._error(node.line, f"{what}: nothing there: write one or more patterns")
        return tuple(found)

    def _error(self, line: int, message: str) -> None:
        self._problems.error(f"{line} {message}", f"{self._path}:{line}: {message}")
