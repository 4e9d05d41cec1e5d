"""Modules read when first asked for, and what a name means in them: imports followed as Python would.

A `Library` follows `from x import y` and `from x import *` from file to file and looks a class's member up in
its bases. From this comes what is public, and what the "See Also" line of a docstring points at.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .sources import Module, read_module


class Library:
    """The modules in some files, by dotted name. `unreadable`: what was asked for and could not be parsed."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths
        self._read: dict[str, Module | None] = {}
        self.unreadable: dict[str, str] = {}  # module -> file and reason

    def module(self, name: str) -> Module | None:
        """The module of that name, read now if it was not yet; None where there is none, or only a broken one."""
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    def _load(self, name: str) -> Module | None:
        path = self._paths.get(name)
        if path is None:
            return None
        try:
            with _no_collections():
                return read_module(name, path)
        except SyntaxError as error:
            self.unreadable[name] = f"{path}, line {error.lineno}: {error.msg}"
        except (OSError, ValueError, RecursionError) as error:
            self.unreadable[name] = f"{path}: {getattr(error, 'strerror', None) or error}"
        return None

    def public_in(self, name: str) -> dict[str, str]:
        """Docstrings by qualified name: of a public module what is public in it, and of a public package also what
        its `__init__` imports from private modules. Nothing for a module with a private part in its name."""
        module = self.module(name) if is_public(name) else None
        if module is None:
            return {}
        found = dict(module.docs)
        if module.is_package:
            for target in self._exported(module):
                found |= self._docs_of(target)
        return found

    def _exported(self, module: Module) -> Iterator[str]:
        """Qualified names of what a package imports from its own private modules."""
        names = {name for name, origin in module.imported.items() if not is_public(origin)}
        for star in module.stars:
            names |= self._names_in(star, set())
        for name in sorted(names):
            if not name.startswith("_") and (target := self.look_up(module.name, name)):
                yield target

    def _names_in(self, name: str, seen: set[str]) -> set[str]:
        module = self.module(name)
        if module is None or name in seen:
            return set()
        seen.add(name)
        found = {own.rpartition(".")[2] for own in module.defined if own.rpartition(".")[0] == name}
        found |= set(module.imported)
        for star in module.stars:
            found |= self._names_in(star, seen)
        return found

    def _docs_of(self, target: str) -> dict[str, str]:
        """Docstrings of a class or function and of its members; of a module none, it has them by itself."""
        module = self._home(target)
        if module is None or target == module.name:
            return {}
        return {n: d for n, d in module.docs.items() if n == target or n.startswith(f"{target}.")}

    def _home(self, target: str) -> Module | None:
        name = target
        while name and name not in self._paths:
            name = name.rpartition(".")[0]
        return self.module(name) if name else None

    def look_up(self, module_name: str, dotted: str) -> str | None:
        """The qualified name of what `dotted` means inside a module, where it is defined; None if nothing known.

        `module_name` may also be a class: then its members and those of its bases are looked through.
        """
        head, _, rest = dotted.partition(".")
        found = self._member(module_name, head, set())
        return self.look_up(found, rest) if found and rest else found

    def _member(self, owner: str, name: str, seen: set[tuple[str, str]]) -> str | None:
        if (owner, name) in seen:
            return None  # modules that import from each other
        seen.add((owner, name))
        full = f"{owner}.{name}"
        if owner not in self._paths:
            return self._class_member(owner, name, seen)
        module = self.module(owner)
        if module is not None:
            if full in module.defined:
                return full
            if origin := module.imported.get(name):
                return self._imported(origin, seen)
            for star in module.stars:
                if found := self._member(star, name, seen):
                    return found
        return full if full in self._paths else None

    def _imported(self, origin: str, seen: set[tuple[str, str]]) -> str | None:
        if origin in self._paths:
            return origin
        owner, _, name = origin.rpartition(".")
        return self._member(owner, name, seen) if owner else None

    def _class_member(self, owner: str, name: str, seen: set[tuple[str, str]]) -> str | None:
        module = self._home(owner)
        if module is None or owner not in module.bases:
            return None
        if f"{owner}.{name}" in module.defined:
            return f"{owner}.{name}"
        for base in module.bases[owner]:
            target = self.look_up(module.name, base)
            if target and (found := self._member(target, name, seen)):
                return found
        return None


def is_public(dotted: str) -> bool:
    """Whether no part of the name begins with an underscore.

    >>> is_public("numpy.linalg"), is_public("numpy._core.numeric")
    (True, False)
    """
    return not any(part.startswith("_") for part in dotted.split("."))


def resolve(library: Library, mentioned_in: str, name: str, known: Iterable[str]) -> str | None:
    """The qualified name that `name` means in the docstring of `mentioned_in`; None where that is not certain.

    Tried in this order: a member of the same class, a name in the module, in the packages around it from the
    inside out, and from the top. Then, if only one of the `known` names ends so, that one.
    """
    owner = mentioned_in
    while owner:
        owner = owner.rpartition(".")[0]
        if owner and (found := library.look_up(owner, name)):
            return found
    top, _, rest = name.partition(".")
    if rest and (found := library.look_up(top, rest)):
        return found
    ends = [other for other in known if other.endswith(f".{name}")]
    return ends[0] if len(ends) == 1 else None


@contextmanager
def _no_collections() -> Iterator[None]:
    """Without searching for cycles, of which syntax trees have none: it would take as long as parsing does."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
