"""Names and worlds that cannot work: one line with the field, the value and the remedy, and for worlds file and line."""

import re
from pathlib import Path

import numpy as np
import pytest

from ance_core.data import load_dataset
from ance_core.data.catalogue.facts import FactDrawer, Facts
from ance_core.data.catalogue.names import Settings
from ance_core.data.catalogue.reader import check_world, read_world
from ance_core.data.catalogue.sentences import Writer
from ance_core.data.problems import Problems
from ance_core.errors import DataError

DOCUMENT = (Path(__file__).parents[3] / "docs" / "worlds.md").read_text(encoding="utf-8")
SMALLEST = DOCUMENT.partition("<!-- world -->\n```yaml\n")[2].partition("```\n")[0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("catalogue:5000,gpa=.5", r"no knob 'gpa'.*did you mean 'gap'"),
        ("catalogue:3", r"passages 3: from 100 to 1,000,000 are possible"),
        ("catalogue:2000000", r"passages 2,000,000: from 100"),
        ("catalogue:200,answers=1-300", r"answers 300: more than the 200 passages: ask for fewer"),
        ("catalogue:200,answers=6-1", r"answers '6-1': write the fewest and the most"),
        ("catalogue:gap=7", r"gap '7': write a share from 0 to 1"),
        ("catalogue:gap=.5,gap=.6", r"gap is given twice"),
        ("catalogue:200,queries=1000", r"queries 1,000: at most two a passage, 400"),
        ("catalogue:nowhere.yaml", r"no world file nowhere\.yaml: give the path of a YAML file"),
        ("catalogue:200,near=-1", r"near '-1': write a whole number"),
    ],
)
def test_names(name, message):
    with pytest.raises(DataError, match=message) as caught:
        load_dataset(name)
    assert "\n" not in str(caught.value)


def test_the_smallest_world_of_the_document_is_whole_and_says_what_the_document_says(tmp_path):
    path = tmp_path / "stall.yaml"
    path.write_text(SMALLEST)
    world = read_world(path)
    assert [kind.name for kind in world.kinds] == ["mug", "scissors"]
    settings = Settings(100, 10)
    drawer = FactDrawer(world, settings)
    rows = np.arange(200)
    zeros = np.zeros(200, np.uint8)
    kinds, values, _ = drawer.draw(rows, zeros)
    facts = Facts(kinds.astype(np.uint8), values.astype(np.uint8), zeros)
    texts = {text for block in Writer(world, settings).texts(facts) for text in block}
    assert "A mug from our stall. It is blue. It asks for a few coins." in texts


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "red: {words: [red], asked: [like a pillar box]}",
            "red: {words: [red]}",
            9,
            "value 'red' of family 'colour' has no 'asked': add it",
        ),
        (
            "families: [colour, price]",
            "families: [colour, prize]",
            21,
            "no family 'prize'.*did you mean 'price'",
        ),
        ('"[it is|they are] {colour}"', '"[it is|they are] {color}"', 11, r"unknown slot '\{color\}'"),
        ('["{a:kind} from our stall"]', '["{a:kind} from our {place}"]', 5, r"unknown slot '\{place\}'"),
        ('"[is|are] {colour}"', '"[is|are {colour}"', 12, "stray"),
        ("asked: [like the sky]", "asked: [like a pillar box]", 10, "share 'like a pillar box'"),
        ("mug: {words: [mug], asked: [beaker]}", "mug: {words: [mug]}", 23, "no wording for queries"),
        ("plural: yes", "plural: perhaps", 24, "write yes or no"),
        ("facts: 2-3", "facts: many", 2, "write a number or a range"),
        ('  keywords: ["{words}"]', '  keywords: ["{wish}"]', 26, r"unknown slot '\{wish\}'"),
    ],
)
def test_worlds(tmp_path, old, new, line, message):
    path = tmp_path / "stall.yaml"
    assert old in SMALLEST
    path.write_text(SMALLEST.replace(old, new))
    with pytest.raises(DataError, match=message) as caught:
        read_world(path)
    assert f"{path}:{line}:" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_faults_are_found_at_once(tmp_path):
    path = tmp_path / "stall.yaml"
    path.write_text(SMALLEST.replace("plural: yes", "plural: perhaps").replace("asked: [beaker]", ""))
    problems = Problems()
    check_world(path, problems)
    assert len(problems.errors) == 2


def test_what_is_no_yaml_or_a_bomb_is_refused_at_once(tmp_path):
    path = tmp_path / "stall.yaml"
    bomb = "a: &a [x, x]\n" + "".join(
        f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
    )
    for text, message in (("a: [", "not valid YAML"), (bomb, "alias"), ("", "empty")):
        path.write_text(text)
        with pytest.raises(DataError, match=re.escape(message)):
            read_world(path)


def test_a_world_with_too_few_articles_says_so(tmp_path):
    path = tmp_path / "stall.yaml"
    path.write_text(SMALLEST)
    with pytest.raises(DataError, match="too few different articles for 100 passages"):
        load_dataset(f"catalogue:{path},100")


def test_the_command_lists_every_fault_of_a_world_and_counts_a_whole_one(tmp_path, capsys):
    from ance_core.cli.entry import run

    path = tmp_path / "stall.yaml"
    path.write_text(SMALLEST.replace("plural: yes", "plural: perhaps").replace("asked: [beaker]", ""))
    assert run(["data", "check", str(path)]) == 1
    said = capsys.readouterr().out
    assert f"{path}:23: kind 'mug' has no wording" in said
    assert f"{path}:24: plural of kind 'scissors'" in said
    path.write_text(SMALLEST)
    assert run(["data", "check", str(path)]) == 0
    assert re.search(r"kinds +2$", capsys.readouterr().out, re.MULTILINE)
