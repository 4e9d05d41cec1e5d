"""A YAML file as nested texts that know their lines, so that what is wrong can be shown where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml

from ..problems import Problems, shown

MAX_BYTES = 8 * 2**20  # the shipped world has a fraction of one; a larger file is a mistake


class Node(NamedTuple):
    """A text, a list or a mapping, and the line it stands in (of a mapping's entry, the line of its key)."""

    value: str | list[Node] | dict[str, Node]
    line: int


def read_nodes(path: Path, problems: Problems) -> Node | None:
    """The file's content; None, and a problem, where it is no YAML. Scalars stay as written: `no` is a word."""
    try:
        if path.stat().st_size > MAX_BYTES:
            problems.error(
                "size", f"{path}: over {MAX_BYTES >> 20} MiB: a world is a list of words, not a corpus"
            )
            return None
        text = path.read_text(encoding="utf-8-sig")
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        problems.error("file", f"{path}: cannot be read ({error.strerror}): check the path")
        return None
    except UnicodeDecodeError as error:
        problems.error("file", f"{path}: byte {error.start + 1} is not UTF-8: save the file as UTF-8")
        return None
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "nested too deep"
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        problems.error("yaml", f"{place}: not valid YAML ({reason}): put texts with : or # into quotes")
        return None
    if tree is None:
        problems.error("yaml", f"{path}: empty: see docs/worlds.md for the smallest world")
        return None
    return _Reading(path, problems).node(tree, tree.start_mark.line + 1)


class _Reading:
    """One pass over the tree. An alias would make it a graph, which may be endless: it is refused."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self._path, self._problems = path, problems
        self._seen: set[int] = set()

    def node(self, tree: yaml.Node, line: int) -> Node:
        if isinstance(tree, yaml.ScalarNode):
            return Node(str(tree.value), line)
        if id(tree) in self._seen:
            self._error(line, "an alias (*name): write the words out")
            return Node([], line)
        self._seen.add(id(tree))
        if isinstance(tree, yaml.MappingNode):
            return Node(self._entries(tree), line)
        return Node([self.node(item, item.start_mark.line + 1) for item in tree.value], line)

    def _entries(self, tree: yaml.MappingNode) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for key, value in tree.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._error(line, "a key that is no word: write `name: ...`")
            elif key.value in entries:
                first = entries[key.value].line
                self._error(line, f"{shown(key.value)} is already at line {first}: keep one")
            else:
                entries[key.value] = self.node(value, line)
        return entries

    def _error(self, line: int, message: str) -> None:
        self._problems.error(f"{line} {message}", f"{self._path}:{line}: {message}")
