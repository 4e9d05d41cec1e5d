"""The arrows of docs/design.md: who may import whom, read from the sources and tried in a fresh process."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import pytest

from ance_core.api import train
from ance_core.config import RunConfig
from ance_core.runs.negatives import COLUMNS

REPOSITORY = Path(__file__).resolve().parents[2]
CORE, APP = REPOSITORY / "ance_core", REPOSITORY / "app"
# From the top down; a part may import those below it. The last line is open to all, and imports nothing above it.
LAYERS = (
    ("__main__",),
    ("cli", "api"),
    ("experiments",),
    ("training",),
    ("recipes",),
    ("probes",),
    ("samplers",),
    ("objectives",),
    ("retrieval",),
    ("encoders",),
    ("data",),
    ("runs",),
    ("config", "errors", "fields", "layers", "methods", "optimizer", "reading", "rng", "tables", "wording"),
)
HEIGHT = {name: len(LAYERS) - i for i, names in enumerate(LAYERS) for name in names}
LEARNING = ("torch", "transformers", "sentence_transformers", "accelerate", "faiss", "bm25s")


def modules(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every source below a folder, with the dotted name of the package it lies in."""
    name = {"app": "ance_app"}.get(folder.name, folder.name)
    for path in sorted(folder.rglob("*.py")):
        yield path, ".".join((name, *path.relative_to(folder).parent.parts))


def imports(path: Path, package: str) -> Iterator[tuple[int, str]]:
    """(line, absolute dotted name) of everything a source imports, wherever in it, also for type checking."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)


def layer(dotted: str) -> str:
    """The part of `ance_core` that a dotted name lies in; "" for the package itself."""
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in HEIGHT else ""


def test_every_part_of_the_core_has_a_layer() -> None:
    parts = {p.stem for p in CORE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert parts - {"__init__"} <= set(HEIGHT)


def test_arrows_inside_the_core_go_down() -> None:
    against = []
    for path, package in modules(CORE):
        here = layer(f"{package}.{path.stem}")
        for line, name in imports(path, package):
            there = layer(name) if name.split(".")[0] == "ance_core" else ""
            at_the_bottom = here in LAYERS[-1] and there in LAYERS[-1]
            if here and there and here != there and not at_the_bottom and HEIGHT[there] >= HEIGHT[here]:
                against.append(f"{path.relative_to(REPOSITORY)}:{line}: {here} imports {there}")
    assert against == []


def test_the_core_never_imports_the_app() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{line}"
        for path, package in modules(CORE)
        for line, name in imports(path, package)
        if name.split(".")[0] in ("ance_app", "app", "streamlit")
    ]
    allowed = (
        "ance_core/cli/serve_commands.py",  # `ance app` asks it for the command line that serves it
        "ance_core/api.py",  # a notebook's plot draws the methods in the dashboard's colours
    )
    assert [place for place in found if not place.startswith(allowed)] == []


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh process has loaded after `code`."""
    code += "; import sys, json; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("module", ["ance_core", "ance_core.runs", "ance_core.cli", "ance_app.launch"])
def test_starts_without_anything_that_learns(module: str) -> None:
    assert loaded_by(f"import {module}") & set(LEARNING) == set()


def test_the_dashboard_starts_without_anything_that_learns() -> None:
    names = [
        f"{package}.{path.stem}"
        for path, package in modules(APP)
        if path.name not in ("__init__.py", "main.py")
    ]
    assert len(names) > 5
    assert loaded_by(f"import {', '.join(names)}") & set(LEARNING) == set()


def section(name: str) -> str:
    """The part of docs/design.md between the comments `<!-- name -->` and `<!-- /name -->`."""
    text = (REPOSITORY / "docs" / "design.md").read_text(encoding="utf-8")
    return text.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]


def first_cells(name: str) -> set[str]:
    """Everything in backticks in the first column of that table."""
    rows = re.findall(r"^\| (`.*?) \|", section(name), re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def test_the_document_lists_the_layers_in_this_order() -> None:
    named = re.findall(r"^\| `(\w+)", section("layers"), re.MULTILINE)
    assert named == [names[0] for names in LAYERS[1:]]


def test_the_document_explains_every_column_of_the_records() -> None:
    assert set(COLUMNS) - first_cells("record columns") == set()


def test_the_document_knows_every_file_of_a_run(tmp_path: Path) -> None:
    run = train("tiny", "ance", runs=tmp_path, steps=2, warmup={"recipe": "none"}, refresh={"every": 2})
    known = {name.split("/")[0] for name in first_cells("run folder")}
    assert {path.name for path in run.folder.iterdir()} - known == set()


def test_the_document_states_the_defaults_there_are() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| (\S+) \|", section("defaults"), re.MULTILINE)
    stated = {name: float(value) for name, value in rows}
    actual = {name: reduce(getattr, name.split("."), RunConfig()) for name in stated}
    assert len(stated) > 5
    assert stated == actual
