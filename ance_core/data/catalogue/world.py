"""What a catalogue is made of: kinds of goods, families of attributes, wordings and sentence patterns.

A world is data, a YAML file; docs/worlds.md says how to write one, `read_world` reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .patterns import Pattern

KIND = "kind"  # the slot of a kind, and what a near miss of another kind misses
MOST = 250  # kinds, families, values of a family: facts are kept in 8 bits


@dataclass(frozen=True)
class Value:
    """One value of a family. words: what passages say. asked: what only queries say."""

    name: str
    words: tuple[str, ...]
    asked: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Family:
    """An attribute that some kinds have. says: clauses by voice. wishes: what a query says, after "that"."""

    name: str
    values: tuple[Value, ...]
    says: dict[str, tuple[Pattern, ...]]
    wishes: tuple[Pattern, ...]
    line: int


@dataclass(frozen=True)
class Kind:
    """A kind of goods. uses: what it is for, to follow "something for". families: those it may have."""

    name: str
    department: str
    words: tuple[str, ...]
    asked: tuple[str, ...]
    uses: tuple[str, ...]
    plural: bool
    families: tuple[int, ...]
    line: int


@dataclass(frozen=True)
class Voice:
    """A way of writing. openings name the kind; closings state nothing; joints stand between two clauses."""

    name: str
    openings: tuple[Pattern, ...]
    closings: tuple[Pattern, ...]
    joints: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class World:
    """A world that has been read and found whole. facts: the fewest and most attributes a passage states."""

    path: Path
    title: str
    about: str
    facts: tuple[int, int]
    families: tuple[Family, ...]
    kinds: tuple[Kind, ...]
    voices: tuple[Voice, ...]
    queries: dict[str, tuple[Pattern, ...]]

    @property
    def departments(self) -> list[str]:
        """Their names, in order."""
        return list(dict.fromkeys(kind.department for kind in self.kinds))

    def family_names(self) -> list[str]:
        """The names of the families, in the order of the columns of facts."""
        return [family.name for family in self.families]
