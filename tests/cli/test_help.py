"""Help texts at 80 columns: nothing wraps, nothing is cut, everything is explained."""

import importlib
import inspect
import pkgutil

import pytest
import typer

import ance_core.cli
from ance_core.cli.entry import command_line

for _module in pkgutil.iter_modules(ance_core.cli.__path__, "ance_core.cli."):
    importlib.import_module(_module.name)


def walk(command, words=()):
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, (*words, name))


COMMANDS = dict(walk(typer.main.get_command(command_line())))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_fits_and_is_whole(ance, words, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    done = ance(*words, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: {' '.join(('ance', *words))} [OPTIONS]")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    cut = [line for line in lines if line.endswith("...") and not line.startswith("Usage")]
    assert cut == []


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_and_option_says_what_it_does(words):
    command = COMMANDS[words]
    assert inspect.cleandoc(command.help).endswith(".")
    unexplained = [p.name for p in command.params if not getattr(p, "help", None) and p.name != "help"]
    assert unexplained == []
