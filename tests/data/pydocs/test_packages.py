import sys

import pytest

from ance_core.data.pydocs.entries import choose, gather
from ance_core.data.pydocs.library import Library
from ance_core.data.pydocs.mentions import further_queries
from ance_core.data.pydocs.packages import required, sources

from .zoo import install_all


@pytest.fixture
def site(tmp_path, monkeypatch):
    install_all(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def library(packages):
    return Library({source.module: source.path for package in packages for source in sources(package)})


def test_what_is_required_and_nothing_else(site):
    assert [str(package) for package in required("zoo-app")] == ["zoo 1.0", "zoo-keepers 1.0"]
    assert required("no-such-project-here") == []


def test_of_the_workbench_no_extra():
    names = {package.name for package in required()}
    assert {"numpy", "scipy", "pandas", "scikit-learn", "torch", "transformers", "networkx", "sympy"} <= names
    assert not names & {"pytest", "hypothesis", "streamlit", "opacus", "ance-workbench"}


def test_tests_and_scripts_are_no_modules(site):
    modules = [source.module for source in sources(required("zoo-app")[0])]
    assert modules == ["zoo", "zoo._gates", "zoo.animals", "zoo.schema"]


def test_public_is_what_a_public_package_shows(site):
    zoo = library(required("zoo-app"))
    found = {
        name
        for module in ("zoo", "zoo._gates", "zoo.animals", "zoo.schema")
        for name in zoo.public_in(module)
    }
    assert found == {
        "zoo",
        "zoo._gates.open_gate",
        *(f"zoo.animals.{name}" for name in ("Cat", "Cat.brush", "Lion", "feed")),
    }


def test_names_are_followed_through_imports_and_bases(site):
    zoo = library(required("zoo-app"))
    assert zoo.look_up("zoo", "open_gate") == "zoo._gates.open_gate"
    assert zoo.look_up("zoo", "Lion.brush") == "zoo.animals.Cat.brush"
    assert zoo.look_up("zoo._gates", "call") == "zoo_keepers.call"
    assert zoo.look_up("zoo", "nothing") is None


def test_nothing_is_imported(site):
    gather(required("zoo-app"))
    assert not {"zoo", "zoo.animals", "zoo_keepers"} & sys.modules.keys()


def test_mentions_are_further_questions(site):
    gathered = gather(required("zoo-app"))
    entries, _ = choose(gathered)
    asked = {query.target: (query.source, query.text) for query in further_queries(gathered, entries)}
    assert {name: words for name, words in asked.items() if name.startswith("zoo")} == {
        "zoo.animals.feed": ("zoo._gates.open_gate", "Bring what they eat."),
        "zoo.animals.Cat.brush": ("zoo._gates.open_gate", "Comb the mane with care."),
        "zoo_keepers.call": ("zoo._gates.open_gate", "A shout across the grounds."),
    }
