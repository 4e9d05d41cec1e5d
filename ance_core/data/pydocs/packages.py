"""Which installed packages are documented: what the workbench itself requires, and what those require.

The list follows from metadata alone: `requires` of the workbench without its extras, and on from there. What
is required on some platforms only (`sys_platform == ...`) is left out, so that equal versions give the same
collection everywhere, and what is not installed has nothing to read. Nothing is imported.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement

PROJECT = "ance-workbench"
DAMAGED = (
    0.01  # the largest share of files that may be missing or broken: one odd file does not cost a package
)

# Tests, demonstrations, and copies of other projects.
SKIPPED_PARTS = frozenset(
    {"test", "tests", "testing", "conftest", "benchmarks", "examples", "__main__", "__pycache__"}
    | {"_vendor", "vendor", "vendored", "_vendored", "extern", "externals", "third_party", "thirdparty"}
)
_PLATFORM = re.compile(r"\b(sys_platform|platform_\w+|os_name|implementation_\w+)\b")


class Package(NamedTuple):
    """An installed distribution: its normalized name, its version, and its metadata's way to its files."""

    name: str
    version: str
    distribution: importlib.metadata.Distribution

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Source(NamedTuple):
    """A file of Python and the dotted name of the module in it."""

    module: str
    path: Path


def required(project: str = PROJECT) -> list[Package]:
    """The packages that `project` needs, directly or by way of others, sorted by name; without itself."""
    found: dict[str, Package] = {}
    asked: set[tuple[str, str]] = set()
    waiting = [(project, "")]
    while waiting:
        name, extra = waiting.pop()
        key = normalized(name)
        if (key, extra) in asked:
            continue
        asked.add((key, extra))
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found[key] = Package(key, distribution.version, distribution)
        for needed in _requirements(distribution, extra):
            waiting += [(needed.name, part) for part in ("", *sorted(needed.extras))]
    found.pop(normalized(project), None)
    return sorted(found.values(), key=lambda package: package.name)


def _requirements(distribution: importlib.metadata.Distribution, extra: str) -> Iterator[Requirement]:
    for line in distribution.requires or ():
        try:
            needed = Requirement(line)
        except InvalidRequirement:
            continue  # another project's slip, which pip has already had to live with
        if needed.marker is None or _holds(needed.marker, extra):
            yield needed


def _holds(marker: Marker, extra: str) -> bool:
    return not _PLATFORM.search(str(marker)) and marker.evaluate({"extra": extra})


def normalized(name: str) -> str:
    """The name as package indexes compare it.

    >>> normalized("PyStemmer"), normalized("ir_measures")
    ('pystemmer', 'ir-measures')
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def sources(package: Package) -> list[Source]:
    """The Python files that the package's own record lists, sorted by module; existing or not.

    Scripts, tests and vendored copies of other projects are left out.
    """
    found = {}
    for file in package.distribution.files or ():
        module = module_name(file)
        if module:
            found[module] = Source(module, Path(str(package.distribution.locate_file(file))))
    return sorted(found.values())


def module_name(file: PurePosixPath) -> str:
    """The dotted name of the module in a file of site-packages; "" for what is no module or is skipped.

    >>> module_name(PurePosixPath("numpy/linalg/__init__.py")), module_name(PurePosixPath("../bin/f2py.py"))
    ('numpy.linalg', '')
    """
    parts = file.with_suffix("").parts
    if file.suffix != ".py" or SKIPPED_PARTS.intersection(parts):
        return ""
    if not all(part.isidentifier() for part in parts):
        return ""
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def damage(package: Package, listed: Sequence[Source], unreadable: Mapping[str, str]) -> str:
    """Why a package cannot be used, on one line; "" if it can.

    unreadable: modules that could not be parsed, with file and reason. A package written in another language
    lists no Python file and is not damaged; it only has nothing to read.
    """
    if package.distribution.files is None:
        return "its installation lists no files"
    missing = [f"{source.path} is missing" for source in listed if not source.path.is_file()]
    broken = [unreadable[s.module] for s in listed if s.module in unreadable and s.path.is_file()]
    bad = [*missing, *broken]
    if len(bad) <= DAMAGED * len(listed):
        return ""
    more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
    return f"{bad[0]}{more}"


def installed_at(package: Package) -> int:
    """When it was installed, in nanoseconds: the time of its own record; 0 where there is none."""
    for file in package.distribution.files or ():
        if file.name == "RECORD":
            path = Path(str(package.distribution.locate_file(file)))
            return path.stat().st_mtime_ns if path.is_file() else 0
    return 0
