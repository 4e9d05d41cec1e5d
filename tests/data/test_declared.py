"""`collection.yaml`: what it gives, where it is found, and what is said of one that is wrong."""

from importlib.resources import files

import pytest

from ance_core.data import load_dataset
from ance_core.data.check import check_dataset
from ance_core.data.declared import FILE, NOTHING, declared
from ance_core.errors import DataError

from .folders import beir, write
from .test_check import shown

GOOD = """\
title: Harbour office
about: what the harbour office is asked
labels_per_query: 2
settings:
  static:
    warmup: {steps: 200}
    optimizer: {learning_rate: 0.001}
  mini:
    negatives:
      pool_depth: 50
"""


def test_all_that_a_file_can_say(tmp_path):
    write(tmp_path / FILE, GOOD)
    found = declared(tmp_path)
    assert found == declared(str(tmp_path))
    assert (found.title, found.about) == ("Harbour office", "what the harbour office is asked")
    assert found.defaults("static") == {
        "labels_per_query": 2,
        "warmup": {"steps": 200},
        "optimizer": {"learning_rate": 0.001},
    }
    assert found.defaults("mini") == {"labels_per_query": 2, "negatives": {"pool_depth": 50}}
    assert found.defaults("hf") == {"labels_per_query": 2}


@pytest.mark.parametrize(("said", "kept"), [("all", "all"), ("", "all"), ("3", 3)])
def test_labels_are_a_number_or_all(tmp_path, said, kept):
    write(tmp_path / FILE, f"labels_per_query: {said}\n")
    assert declared(tmp_path).defaults("static") == {"labels_per_query": kept}


def test_nothing_is_declared_where_there_is_no_file(tmp_path):
    assert declared(tmp_path) is NOTHING
    assert declared(tmp_path / "absent") is NOTHING
    assert declared(write(tmp_path / "pairs.csv", "query,passage\n")) is NOTHING
    assert declared("ir_datasets:beir/scifact") is NOTHING
    assert NOTHING.defaults("static") == {}
    write(tmp_path / FILE, "# to be written\n")
    assert declared(tmp_path) == NOTHING


def test_collections_that_come_along(monkeypatch, tmp_path):
    assert declared("campus").labels_per_query == 1
    assert declared("tiny").labels_per_query is None
    monkeypatch.setenv("ANCE_CACHE", str(tmp_path))
    assert declared("pydocs").title == "Pydocs"
    assert list(tmp_path.iterdir()) == []  # not built


def test_an_embedded_name_goes_before_a_folder_of_that_name(monkeypatch, tmp_path):
    write(tmp_path / "campus" / FILE, "labels_per_query: 7\n")
    monkeypatch.chdir(tmp_path)
    assert declared("campus").labels_per_query == 1
    assert declared("./campus").labels_per_query == 7


def test_a_variant_keeps_all_but_the_settings(monkeypatch, tmp_path):
    write(tmp_path / "collections" / "pydocs.yaml", GOOD)
    monkeypatch.setattr("ance_core.data.declared.files", lambda package: tmp_path)
    assert declared("pydocs").defaults("static")["warmup"] == {"steps": 200}
    assert declared("pydocs:stdlib").defaults("static") == {"labels_per_query": 2}


@pytest.mark.parametrize(
    "path", sorted((files("ance_core.data") / "collections").iterdir(), key=str), ids=lambda p: p.name
)
def test_every_shipped_file_is_right_and_says_what_it_is(path, tmp_path):
    write(tmp_path / FILE, path.read_text(encoding="utf-8"))
    found = declared(tmp_path)
    assert found.title
    assert found.about


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("title: [\n", 2, "not valid YAML; write one `name: value` a line"),
        ("- a\n- b\n", 1, "['a', 'b'] is not a group of settings; write NAME: VALUE pairs"),
        ("title: a\nlabels_a_query: 1\n", 2, "labels_a_query: no such setting; did you mean 'labels_per_query'?"),
        ("title: a\n\nlabels_per_query: 0\n", 3, "labels_per_query: 0 given; it must be at least 1"),
        ("labels_per_query: some\n", 1, "labels_per_query: 'some' given; it must be a whole number, or all"),
        ("labels_per_query: 1.5\n", 1, "labels_per_query: 1.5 given; it must be a whole number"),
        ("labels_per_query: true\n", 1, "labels_per_query: True given; it must be a whole number, or all"),
        ("title: 7\n", 1, "title: 7 given; it must be a text, in quotes"),
        ("about: |\n  one\n  two\n", 1, "about: 'one\\ntwo\\n' given; it must be a text on one line"),
        ("settings: 3\n", 1, "settings: 3 given; it is a group of NAME: VALUE pairs"),
        ("settings:\n  statik: {}\n", 2, "settings.statik: 'statik' given; it must be one of static, mini, hf"),
        (
            "settings:\n  mini: {}\n  static:\n    warmup:\n      steps: -1\n",
            5,
            "settings.static.warmup.steps: -1 given; it must be at least 1",
        ),
        (
            "settings:\n  static:\n    optimizer: {learning_rat: 1}\n",
            3,
            "settings.static.optimizer.learning_rat: no such setting; did you mean 'learning_rate'?",
        ),
        (
            "settings:\n  static:\n    steps: 10\n    refresh: {mode: sync}\n",
            4,
            "settings.static.refresh: not for a collection to set; it may set warmup, optimizer, negatives.per_query",
        ),
        (
            "settings:\n  static:\n    negatives: {pool_depth: 9, random_share: 1}\n",
            3,
            "settings.static.negatives.random_share: not for a collection to set",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_with_file_and_line(tmp_path, text, line, message):
    folder = beir(tmp_path / "island")
    write(folder / FILE, text)
    with pytest.raises(DataError) as error:
        declared(folder)
    assert str(error.value).startswith(f"{folder / FILE}:{line}: {message}")
    assert "\n" not in str(error.value)
    with pytest.raises(DataError, match=str(folder / FILE)):
        load_dataset(folder)
    report = check_dataset(folder)
    assert [problem.kind for problem in report.errors] == [FILE]


def test_several_mistakes_are_counted(tmp_path):
    write(tmp_path / FILE, "titel: a\nabuot: b\n")
    with pytest.raises(DataError, match=r"titel: no such setting.*\(and 1 more like it\)"):
        declared(tmp_path)


def test_a_file_that_is_not_text(tmp_path):
    write(tmp_path / FILE, b"title: caf\xe9\n")
    with pytest.raises(DataError, match="byte 11 is not UTF-8; save the file as UTF-8"):
        declared(tmp_path)


def test_it_goes_along_with_the_dataset_and_changes_nothing_in_it(tmp_path):
    plain = load_dataset(beir(tmp_path / "a"))
    write(beir(tmp_path / "b") / FILE, GOOD)
    data = load_dataset(tmp_path / "b")
    assert data.declared == declared(tmp_path / "b")
    assert data.fingerprint == plain.fingerprint
    assert not len(data.hidden)  # a default of trainings, not of reading
    assert load_dataset(tmp_path / "b", labels_per_query=1).declared == data.declared


def test_check_shows_it(tmp_path):
    write(beir(tmp_path) / FILE, GOOD)
    report = check_dataset(tmp_path)
    assert report.ok
    assert report.to_dict()["declared"]["labels_per_query"] == 2
    out = shown(report)
    assert "Harbour office: what the harbour office is asked" in out
    assert (
        "labels a training query keeps unless told otherwise: 2; settings of its own for static, mini" in out
    )
