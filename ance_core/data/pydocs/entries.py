"""The entries of `pydocs`: which docstrings make a pair, and which stay of those that resemble each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from . import stdlib
from .docstring import Parsed, parse, words
from .folding import fold
from .library import Library, is_public
from .packages import Package, damage, sources

MIN_PASSAGE_WORDS = 20  # a shorter one says little more than its question
STDLIB = "python"

Watch = Callable[[int, int, str], None]
"""Told of progress: files read, files in all, what is being read."""


class Entry(NamedTuple):
    """One passage and its own question. name: qualified, the passage's id; package: where it is from."""

    name: str
    package: str
    summary: str
    body: str


@dataclass
class Gathered:
    """Everything read. parsed: docstrings taken apart, by qualified name; left_out: package -> why."""

    library: Library
    parsed: dict[str, Parsed] = field(default_factory=dict)
    package_of: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def gather(packages: list[Package], watch: Watch = lambda *_: None) -> Gathered:
    """Read the standard library and the sources of `packages`; a damaged package is left out as a whole."""
    files = {package: sources(package) for package in packages}
    paths = {source.module: source.path for listed in files.values() for source in listed}
    found = Gathered(Library(paths))
    docs: dict[str, dict[str, str]] = {STDLIB: dict(_stdlib_docs())}
    done, total = 0, len(paths)
    for package, listed in files.items():
        docs[package.name] = {}
        for source in listed:
            watch(done, total, str(package))
            docs[package.name] |= found.library.public_in(source.module)
            done += 1
        if reason := damage(package, listed, found.library.unreadable):
            found.left_out[package.name] = reason
    watch(total, total, "folding")
    for name, own in docs.items():
        if name not in found.left_out:
            found.parsed |= {key: parse(doc) for key, doc in own.items()}
            found.package_of |= dict.fromkeys(own, name)
    return found


def _stdlib_docs() -> Iterator[tuple[str, str]]:
    """Documentation of the interpreter, by the same rule: no private modules but those in C, no private names."""
    for name, doc in stdlib.all_docs():
        module, _, rest = name.partition(".")
        if is_public(rest) and (is_public(module) or module in stdlib.C_MODULES):
            yield name, doc


def choose(gathered: Gathered) -> tuple[list[Entry], Counter[str]]:
    """The entries, sorted by name, and how many were folded: by package and in all.

    Of entries with the same summary or the same passage, and of a family (see `folding`), the one with the
    shortest name stays.
    """
    found = {name: parsed for name, parsed in gathered.parsed.items() if _is_entry(parsed)}
    repeated = _repeated(found)
    texts = {n: f"{p.summary}\n{p.body}" for n, p in found.items() if n not in repeated}
    gone = repeated | fold(texts).keys()
    entries = [
        Entry(name, gathered.package_of[name], parsed.summary, parsed.body)
        for name, parsed in sorted(found.items())
        if name not in gone
    ]
    return entries, Counter(gathered.package_of[name] for name in gone)


def _is_entry(parsed: Parsed) -> bool:
    return (
        parsed.is_entry
        and len(words(parsed.body)) >= MIN_PASSAGE_WORDS
        and plain(parsed.summary) not in plain(parsed.body)
    )


def plain(text: str) -> str:
    """The text for comparison: words in lower case, without punctuation around them."""
    return " ".join(part for word in text.lower().split() if (part := word.strip(".,;:!?()'\"")))


def shortest_first(name: str) -> tuple[int, int, str]:
    """Sorting key: what is found higher up in its package, and has the shorter name, is the better known."""
    return name.count("."), len(name), name


def _repeated(found: Mapping[str, Parsed]) -> set[str]:
    seen: set[str] = set()
    repeated = set()
    for name in sorted(found, key=shortest_first):
        marks = {plain(found[name].summary), plain(found[name].body)}
        if marks & seen:
            repeated.add(name)
        seen |= marks
    return repeated
