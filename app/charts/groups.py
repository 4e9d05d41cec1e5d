"""Which runs are drawn as one line: those of one method, as `experiments.settings` defines it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ance_core.experiments.settings import method_settings
from ance_core.recipes.budget import Budget

from ..theme import DASHES, Look, look, rank


@dataclass(frozen=True)
class Member:
    """A run as charts see it. `settings` is its config with dotted keys, the dataset included."""

    run: str
    method: str
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    cut_short: bool = False  # ended before its last step: drawn, but not averaged with the whole ones
    budget: Budget | None = None  # None: of a method that this version does not know


@dataclass(frozen=True)
class Group:
    """Runs drawn in one colour under one label; with several members they get a mean and a band."""

    label: str
    look: Look
    members: tuple[Member, ...]

    @property
    def averaged(self) -> tuple[Member, ...]:
        """The members a mean is taken over: all of them, without those cut short if any is whole."""
        whole = tuple(m for m in self.members if not m.cut_short)
        return whole or self.members


def by_run(members: Sequence[Member]) -> list[Group]:
    """One group a run; seeds of one method share its colour and differ in dash."""
    groups, seen = [], dict[str, int]()
    for member in sorted(members, key=lambda m: (rank(m.method), m.seed, m.run)):
        place = seen[member.method] = seen.get(member.method, -1) + 1
        groups.append(Group(member.run, _nth(member.method, place), (member,)))
    return groups


def by_method(members: Sequence[Member]) -> list[Group]:
    """One group a method and setting; the label names the settings in which groups of a method differ."""
    gathered: dict[tuple[str, tuple[tuple[str, str], ...]], list[Member]] = {}
    for member in sorted(members, key=lambda m: (rank(m.method), m.run)):
        gathered.setdefault((member.method, _settings(member)), []).append(member)
    groups, seen = [], dict[str, int]()
    for (method, settings), runs in gathered.items():
        siblings = [dict(other) for name, other in gathered if name == method]
        place = seen[method] = seen.get(method, -1) + 1
        label = _label(method, dict(settings), siblings)
        groups.append(Group(label, _nth(method, place), tuple(sorted(runs, key=lambda m: m.seed))))
    return groups


def differing(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys, in order of first appearance, whose values are not the same in all of `settings`."""
    keys = dict.fromkeys(key for one in settings for key in one)
    return [key for key in keys if len({repr(one.get(key)) for one in settings}) > 1]


def _settings(member: Member) -> tuple[tuple[str, str], ...]:
    return tuple((k, repr(v)) for k, v in sorted(method_settings(member.settings).items()))


def _label(method: str, own: dict[str, str], siblings: list[dict[str, str]]) -> str:
    if len(siblings) == 1:
        return method
    different = [key for key in differing(siblings) if key in own]
    shown = ", ".join(f"{key}={own[key].strip(chr(39))}" for key in different[:3])
    return f"{method} · {shown}{' …' if len(different) > 3 else ''}" if shown else method


def _nth(method: str, place: int) -> Look:
    first = look(method)
    if place == 0:
        return first
    others = [dash for dash in DASHES if dash != first.dash]
    return first._replace(dash=others[(place - 1) % len(others)])
