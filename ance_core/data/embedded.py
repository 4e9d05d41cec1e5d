"""Where a dataset is: the names that come along, folders and files, and `ir_datasets:ID`.

tiny                 a sample that travels with the program
pydocs               a collection that is built here; its contents follow from versions
pydocs:stdlib        a variant of it
pydocs@27151608a91f1af0   the copy with that fingerprint, whatever is installed now
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DataError, cut, nearest
from ..fields import misfit
from . import built
from .formats.hub import PREFIX as HUB
from .formats.irds import PREFIX

SAMPLES = {
    "tiny": "a lighthouse island: 24 passages, 36 questions, all pairs judged",
    "campus": "the help centre of an invented university, written for teaching: every false negative is known",
}

Watch = Callable[[int, int, str], None]
"""Told of a build's progress: parts done, parts in all, what is being done."""


@dataclass(frozen=True)
class Recipe:
    """How a collection is built. build: (variant, "" for none; watch) -> its folder in the cache, made if absent.

    versions: what decides the contents of a variant. variants: those that a copy may be of whose variant is not known.
    first: the variant that the bare name stood for when runs did not yet say which copy they were trained on.
    build and versions raise DataError for a variant that there is not.
    """

    about: str
    build: Callable[[str, Watch], Path]
    versions: Callable[[str], Mapping[str, str]]
    variants: tuple[str, ...] = ("",)
    first: str = ""


def _build_pydocs(variant: str, watch: Watch) -> Path:
    from .pydocs import build, stdlib

    return stdlib.build() if _of_pydocs(variant) else build.build(watch)


def _pydocs_versions(variant: str) -> Mapping[str, str]:
    from .pydocs import build, stdlib

    if _of_pydocs(variant):
        return {"python": platform.python_version(), "builder": str(stdlib.BUILDER_VERSION)}
    return build.versions()


def _of_pydocs(variant: str) -> str:
    if variant not in ("", "stdlib"):
        raise DataError(f"pydocs:{variant}: no such variant; pydocs and pydocs:stdlib are there")
    return variant


def _build_catalogue(variant: str, watch: Watch) -> Path:
    from .catalogue import build

    return build(variant, watch)


def _catalogue_versions(variant: str) -> Mapping[str, str]:
    from .catalogue import versions

    return versions(variant)


BUILT = {
    "catalogue": Recipe(
        "the mail-order catalogue of an invented department store, generated: 5,000 passages, 6,000 queries, every answer "
        "and every near miss known; other sizes and knobs as in catalogue:20000,gap=.5 (docs/worlds.md)",
        _build_catalogue,
        _catalogue_versions,
    ),
    "pydocs": Recipe(
        "the documentation installed here, Python's and that of the packages the workbench requires: about 14,000 "
        "entries and their summary sentences; pydocs:stdlib: Python's alone, about 2,700",
        _build_pydocs,
        _pydocs_versions,
        variants=("stdlib", ""),
        first="stdlib",
    ),
}
_COPY = re.compile(r"(?P<name>.+)@(?P<fingerprint>[0-9a-f]{16})")


class Place(NamedTuple):
    """Where to read, what to call it, and what to say about its origin ("" for: format and path).

    facts: of a built collection, what its folder says of itself; else empty.
    """

    where: str | Path
    name: str
    source: str
    facts: Mapping[str, Any] = {}


def dataset_names() -> dict[str, str]:
    """Embedded datasets and what each is, on one line; the default first."""
    return {name: recipe.about for name, recipe in BUILT.items()} | SAMPLES


def built_name(name: str | Path) -> tuple[str, str, str] | None:
    """(name, variant, fingerprint) if it names a built collection; the latter two may be "". None if not.

    >>> built_name("pydocs:stdlib"), built_name("tiny")
    (('pydocs', 'stdlib', ''), None)
    """
    if not isinstance(name, str):
        return None
    found = _COPY.fullmatch(name)
    base, _, variant = (found["name"] if found else name).partition(":")
    return (base, variant, found["fingerprint"] if found else "") if base in BUILT else None


def locate(name_or_path: str | Path, watch: Watch = lambda *_: None) -> Place:
    """The place of a dataset; an embedded name goes before a folder of that name, `./NAME` means the folder.

    Builds what has to be built and is not in the cache yet (`pydocs`: up to a minute). DataError for what is neither
    name, folder nor file, and for a copy that is not there any more.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, str):
        if text.startswith((PREFIX, HUB)):
            return Place(text, text, "")
        if text in SAMPLES:
            return Place(Path(str(files("ance_samples") / text)), text, f"embedded: {SAMPLES[text]}")
        if parts := built_name(text):
            name, variant, fingerprint = parts
            return _copy(name, variant, fingerprint) if fingerprint else _place(_build(name, variant, watch))
    path = Path(os.path.expanduser(text))
    if misfit(text) or not os.path.exists(path):
        hint = f" ({wrong})" if (wrong := misfit(text)) else nearest(text, dataset_names())
        raise DataError(f"{cut(text, 200)}: no such dataset, folder or file{hint}")
    return Place(path, path.resolve().name, "")


def _build(name: str, variant: str, watch: Watch = lambda *_: None) -> Path:
    return BUILT[name].build(variant, watch)


def _place(folder: Path) -> Place:
    facts = built.facts_of(folder)
    return Place(folder, facts["name"], facts["about"], facts)


def _copy(name: str, variant: str, fingerprint: str) -> Place:
    copy = find_copy(name, variant, fingerprint, None)
    if copy is None:
        what = f"{name}:{variant}" if variant else name
        raise DataError(
            f"{what}@{fingerprint}: no such copy in the cache, and what is installed makes another: "
            f"name one that is there, or {name} as it is now"
        )
    return copy


def find_copy(name: str, variant: str, fingerprint: str, versions: Mapping[str, str] | None) -> Place | None:
    """The copy with that fingerprint, from the cache or built again; None where neither is possible.

    versions: what it was built from, if known: then nothing is built from others.
    """
    folder = built.find(fingerprint)
    if folder is not None:
        return _place(folder)
    recipe = BUILT[name]
    for own in (variant,) if variant else recipe.variants:
        if versions is None or not built.changes(versions, recipe.versions(own)):
            folder = _build(name, own)
            if built.fingerprint_of(folder) == fingerprint:
                return _place(folder)
    return None
