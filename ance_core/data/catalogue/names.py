"""`catalogue:20000,gap=.5`: a world, a number of passages and the knobs, as they stand in a name."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, fields
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

from ...errors import DataError, nearest
from .draws import MILLION

NAME = "catalogue"
PREFIX = f"{NAME}:"
BUILDER_VERSION = 1  # raised when the same settings would give another collection
FEWEST, MOST_PASSAGES = 100, 1_000_000
MOST_QUERIES = 60_000  # by default; more of them have to be asked for
KNOBS = ("passages", "queries", "gap", "near", "answers", "noise", "seed")


@dataclass(frozen=True)
class Settings:
    """What decides every byte of a catalogue, beside the world. gap and noise are shares in millionths.

    near: near misses that a query should have at least. answers: fewest and most passages that satisfy one.
    """

    passages: int = 5_000
    queries: int = 6_000
    gap: int = 700_000
    near: int = 3
    answers: tuple[int, int] = (1, 6)
    noise: int = 0
    seed: int = 0

    def spelled_out(self) -> str:
        """All settings, as a name would have them after the colon."""
        low, high = self.answers
        return (
            f"{self.passages},queries={self.queries},gap={share(self.gap)},near={self.near},"
            f"answers={low}-{high},noise={share(self.noise)},seed={self.seed}"
        )


def share(millionths: int) -> str:
    """A share as people write it: 700000 is ".7"."""
    return f"{Decimal(millionths) / MILLION:f}".rstrip("0").removeprefix("0").rstrip(".") or "0"


def shipped_world() -> Path:
    """The world that comes along: the catalogue of a department store that does not exist."""
    return Path(str(files("ance_samples") / "worlds" / "store.yaml"))


def parse_variant(variant: str) -> tuple[Path, Settings]:
    """World file and settings of "", `20000,gap=.5` or `FILE.yaml,near=5`, what stands behind `catalogue:`.

    DataError for an unknown knob, a value out of range, or more answers than passages.
    """
    name = f"{PREFIX}{variant}" if variant else NAME
    world, given = shipped_world(), {}
    parts = [part.strip() for part in variant.split(",")]
    for part in parts if parts != [""] else []:
        knob, equals, value = (text.strip() for text in part.partition("="))
        if re.fullmatch(r"\d+", part):
            knob, value = "passages", part
        elif part.lower().endswith((".yaml", ".yml")):
            world, knob = Path(os.path.expanduser(part)), "world"
        elif not equals or knob not in KNOBS:
            hint = nearest(knob, KNOBS)
            raise DataError(f"{name}: no knob '{knob}'{hint}; a world of your own is a file ending in .yaml")
        if knob in given:
            raise DataError(f"{name}: {knob} is given twice: keep one")
        given[knob] = value
    if not world.is_file():
        raise DataError(f"{name}: no world file {world}: give the path of a YAML file (docs/worlds.md)")
    given.pop("world", None)
    return world, _settings(name, given)


def canonical(world: Path, settings: Settings) -> str:
    """The shortest name of a catalogue, the same for everybody who asks for it in other words.

    >>> canonical(shipped_world(), Settings(20_000, 24_000, gap=500_000))
    'catalogue:20000,gap=.5'
    """
    plain = Settings(passages=settings.passages, queries=_queries(settings.passages))
    own = dict(part.split("=") for part in settings.spelled_out().split(",")[1:])
    usual = dict(part.split("=") for part in plain.spelled_out().split(",")[1:])
    said = [] if world == shipped_world() else [str(world)]
    said += [str(settings.passages)] if settings.passages != Settings.passages else []
    said += [f"{knob}={value}" for knob, value in own.items() if value != usual[knob]]
    return PREFIX + ",".join(said) if said else NAME


def _queries(passages: int) -> int:
    """Queries where nobody said how many: six for five passages, up to `MOST_QUERIES`."""
    return min(passages * 6 // 5, MOST_QUERIES)


def _settings(name: str, given: dict[str, str]) -> Settings:
    values: dict[str, Any] = {knob: _READ[knob](f"{name}: {knob}", text) for knob, text in given.items()}
    passages = values.get("passages", Settings.passages)
    if not FEWEST <= passages <= MOST_PASSAGES:
        raise DataError(f"{name}: passages {passages:,}: from {FEWEST:,} to {MOST_PASSAGES:,} are possible")
    values.setdefault("queries", _queries(passages))
    found = Settings(**values)
    if found.answers[1] > passages:
        raise DataError(
            f"{name}: answers {found.answers[1]:,}: more than the {passages:,} passages: ask for fewer"
        )
    if found.near >= passages:
        raise DataError(f"{name}: near {found.near:,}: there are only {passages:,} passages: ask for fewer")
    if found.queries < 3:
        raise DataError(f"{name}: queries {found.queries}: train, dev and test need 3 or more")
    if found.queries > 2 * passages:
        raise DataError(
            f"{name}: queries {found.queries:,}: at most two a passage, {2 * passages:,}, are possible"
        )
    return found


def _whole(what: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,17}", text):
        raise DataError(f"{what} '{text}': write a whole number of 0 or more")
    return int(text)


def _share(what: str, text: str) -> int:
    if not re.fullmatch(r"\d*\.?\d+|\d+\.", text) or not 0 <= Decimal(text) <= 1:
        raise DataError(f"{what} '{text}': write a share from 0 to 1, such as .5")
    return int(Decimal(text) * MILLION)


def _range(what: str, text: str) -> tuple[int, int]:
    low, dash, high = text.partition("-")
    pair = _whole(what, low), _whole(what, high if dash else low)
    if not 1 <= pair[0] <= pair[1]:
        raise DataError(f"{what} '{text}': write the fewest and the most, such as 1-6")
    return pair


_READ = {
    "passages": _whole, "queries": _whole, "near": _whole, "seed": _whole,
    "gap": _share, "noise": _share, "answers": _range,
}  # fmt: skip
assert set(_READ) == set(KNOBS) == {field.name for field in fields(Settings)}


def folder_name(world: Path, settings: Settings) -> str:
    """What a built catalogue is called in the cache: a hash of everything that decides its bytes."""
    key = f"{BUILDER_VERSION}\0{settings.spelled_out()}\0{world_digest(world)}"
    return f"{NAME}-{settings.passages}-{hashlib.blake2b(key.encode(), digest_size=8).hexdigest()}"


def world_digest(world: Path) -> str:
    """A hash of a world's file."""
    return hashlib.blake2b(world.read_bytes(), digest_size=8).hexdigest()
