"""`catalogue`: the catalogue of a store, generated, with everything about it known.

Facts of every passage are drawn from a hash, text is written from the facts, and queries ask for some of them in
words that passages often do not use. So every judgement is complete by construction, at any size.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from ..built import FACTS
from ..cache import cache_dir, cached_folder
from .names import BUILDER_VERSION, canonical, folder_name, parse_variant, world_digest
from .reader import read_world
from .write import write

__all__ = ["build", "versions"]

Watch = Callable[[int, int, str], None]


def build(variant: str = "", watch: Watch = lambda *_: None) -> Path:
    """The folder of a catalogue in BEIR form, with `built.json`; made if these settings have not made it yet.

    variant: "" for the default, `20000,gap=.5` or `FILE.yaml,near=5`. DataError for a knob that is unknown or out of
    range and for a world that is not whole.
    """
    path, settings = parse_variant(variant)
    world = read_world(path)

    def make(folder: Path) -> None:
        write(folder, world, settings, watch=watch)
        facts = {
            "name": canonical(path, settings),
            "about": f"generated: {world.title} ({settings.spelled_out()})",
            "versions": dict(versions(variant)),
            "counts": {"passages": settings.passages, "queries": settings.queries},
        }
        (folder / FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")

    return cached_folder(cache_dir() / "datasets" / folder_name(path, settings), make)


def versions(variant: str) -> Mapping[str, str]:
    """What decides the contents beside the settings: the generator and the world."""
    path, _ = parse_variant(variant)
    return {"generator": str(BUILDER_VERSION), "world": world_digest(path)}
