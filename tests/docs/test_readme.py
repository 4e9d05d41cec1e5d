"""What the documents show works: commands exist, examples run, data loads, links lead somewhere."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import ance_core.cli
from ance_core.cli.app import app
from ance_core.data import load_dataset

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
COLLECTIONS = {"pairs.csv": 3, "pairs.jsonl": 3, "beir": 3, "msmarco": 3, "trec": 3}


def commands(group: Any, prefix: str = "ance") -> Iterator[tuple[str, Any]]:
    """Every command of the command line by its full name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


for module in pkgutil.iter_modules(ance_core.cli.__path__, "ance_core.cli."):
    importlib.import_module(module.name)  # commands register themselves
COMMANDS = dict(commands(typer.main.get_command(app)))


def blocks(text: str, language: str) -> list[str]:
    """The contents of all fenced blocks of a language."""
    return [inspect.cleandoc(b) for b in re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.M | re.S)]


def test_the_table_of_commands_is_the_command_line() -> None:
    first_line = {name: inspect.cleandoc(c.help).splitlines()[0] for name, c in COMMANDS.items()}
    wanted = "\n".join(f"| `{name}` | {line} |" for name, line in sorted(first_line.items()))
    table = README.split("| command | what it does |\n|---|---|\n")[1].split("\n\n")[0]
    assert table == wanted


def lines_with_ance() -> list[str]:
    found = []
    for document in DOCUMENTS:
        for block in blocks(document.read_text(encoding="utf-8"), "sh"):
            found += [line.split(" #")[0] for line in block.splitlines() if re.match(r"(\S*/)?ance ", line)]
    return found


@pytest.mark.parametrize("line", lines_with_ance())
def test_commands_in_the_documents_can_be_parsed(line: str) -> None:
    words = shlex.split(line)[1:]
    depth = 2 if f"ance {words[0]}" not in COMMANDS else 1
    command = COMMANDS[" ".join(["ance", *words[:depth]])]
    command.make_context(line, words[depth:])


def test_make_targets_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(), re.M))
    named = set()
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        shell = "\n".join([*blocks(text, "sh"), *re.findall(r"`([^`\n]+)`", text)])
        named |= set(re.findall(r"^make ([\w-]+)", shell, re.M))
    assert {"demo", "test"} <= named
    assert named - targets == set()


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = blocks(README, "python")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(example, "README.md", "exec"), names)
    assert {run.info["recipe"] for run in names["runs"]} == {"random", "ance"}
    assert set(names["metrics"]["name"]) >= {"loss", "dev/RR@10"}
    assert len(names["hardest"]) == 10
    assert names["hardest"]["document_text"].str.len().min() > 0


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example files of the README, written as they stand there."""
    folder = tmp_path_factory.mktemp("examples")
    for name, contents in re.findall(r"^`([\w./]+)`\n```\w+\n(.*?)^```$", README, re.M | re.S):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contents, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", COLLECTIONS)
def test_the_smallest_example_of_each_format_loads(written: Path, name: str) -> None:
    dataset = load_dataset(written / name)
    assert len(dataset.docs) == len(dataset.queries) == COLLECTIONS[name]
    assert set(dataset.qrels) >= {"train", "dev"}
    assert any("bakery opens at six" in text or "opens at six" in text for text in dataset.docs)


def test_every_example_belongs_to_a_collection(written: Path) -> None:
    assert {path.name for path in written.iterdir()} == set(COLLECTIONS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
    local = [link.split("#")[0] for link in links if not link.startswith(("http://", "https://", "#"))]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_headings_that_links_name_exist(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]*#[^)\s]+)\)", document.read_text(encoding="utf-8")):
        if link.startswith("http"):
            continue
        name, heading = link.split("#")
        text = (document.parent / name if name else document).read_text(encoding="utf-8")
        headings = {
            re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-")
            for h in re.findall(r"^#+ (.*)", text, re.M)
        }
        assert heading in headings
