"""What a source file documents and what its names mean, read from its syntax tree; nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HEADER_BYTES = 1000
_GENERATED = re.compile(rb"^#.*auto(?:matically|-)?[ -]?generated", re.IGNORECASE | re.MULTILINE)
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

# A decorator with such a word in its name writes the docstring anew: what stands in the source is a fragment.
_TEMPLATES = ("doc", "appender", "substitution", "deprecated_renamed")


@dataclass
class Module:
    """One file. docs: docstrings by qualified name, public ones; the rest is what names in it stand for."""

    name: str
    is_package: bool = False
    docs: dict[str, str] = field(default_factory=dict)
    defined: set[str] = field(default_factory=set)  # qualified names of classes, functions, methods
    bases: dict[str, list[str]] = field(default_factory=dict)  # class -> its bases as written
    imported: dict[str, str] = field(default_factory=dict)  # name here -> dotted name elsewhere
    stars: list[str] = field(default_factory=list)  # modules of `from x import *`


def read_module(name: str, path: Path) -> Module:
    """The module in a file. OSError, SyntaxError or ValueError where it cannot be read or parsed."""
    source = path.read_bytes()
    module = Module(name, path.stem == "__init__")
    if not module.is_package and _GENERATED.search(source[:HEADER_BYTES]):
        return module  # families of entries by the thousand, which nobody wrote
    tree = ast.parse(source)
    if doc := ast.get_docstring(tree):
        module.docs[name] = doc
    _read_body(module, name, tree)
    return module


def _read_body(module: Module, prefix: str, node: ast.AST) -> None:
    for child in _statements(node):
        if isinstance(child, Definition):
            _read_definition(module, f"{prefix}.{child.name}", child)
        elif isinstance(child, ast.ImportFrom) and prefix == module.name:
            _read_import(module, child)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements of a body, and those of the branches in it, whichever would run."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If | ast.Try | ast.ExceptHandler | ast.With):
            yield from _statements(child)
        else:
            yield child


def _read_definition(module: Module, name: str, node: Definition) -> None:
    module.defined.add(name)
    if not node.name.startswith("_") and not _is_template(node) and (doc := ast.get_docstring(node)):
        module.docs.setdefault(name, doc)  # the getter of a property comes before its setter
    if isinstance(node, ast.ClassDef):  # what a function defines inside is not part of the documentation
        module.bases[name] = [base for base in map(_dotted, node.bases) if base]
        inner = Module(module.name) if node.name.startswith("_") else module
        _read_body(inner, name, node)
        module.defined |= inner.defined


def _is_template(node: Definition) -> bool:
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        last = _dotted(called).rpartition(".")[2].lower()
        if any(word in last for word in _TEMPLATES):
            return True
    return False


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        value = _dotted(node.value)
        return f"{value}.{node.attr}" if value else ""
    return ""


def _read_import(module: Module, node: ast.ImportFrom) -> None:
    origin = node.module or ""
    if node.level:
        parts = module.name.split(".")
        parts = parts[: len(parts) - node.level + module.is_package]
        origin = ".".join([*parts, *([node.module] if node.module else [])])
    for alias in node.names:
        if alias.name == "*":
            module.stars.append(origin)
        else:
            module.imported[alias.asname or alias.name] = f"{origin}.{alias.name}"
