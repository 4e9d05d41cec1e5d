"""Figures as table, JSON and document."""

import json

import numpy as np
import pytest

from benchmarks import report
from benchmarks.rows import Row, compared
from benchmarks.stats import Pairs, Spread

MACHINE = {
    "cores": 2,
    "processor": "p",
    "system": "s",
    "python": "3",
    "packages": {"torch": "2"},
    "load": 0.1,
}
PAIRS = Pairs(np.array([0.002, 0.002]), np.array([0.012, 0.012]), np.array([[0.001, 0.007]] * 2))


@pytest.fixture
def places(tmp_path, monkeypatch):
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(report, "DOCUMENT", document)
    return document


@pytest.mark.parametrize(
    ("per", "shown"), [("ms a step", 2.0), ("s a refresh", 0.002), ("documents/s", 500.0)]
)
def test_units_of_a_comparison(per, shown):
    row = compared("w", PAIRS, per, 5.0)
    assert row.ours.median == pytest.approx(shown)
    assert row.value.median == pytest.approx(6.0)
    assert row.processor.median == pytest.approx(7.0)
    assert compared("w", PAIRS, per, threads=2).processor is None  # threads that wait spend it too
    assert row.met


def test_met_looks_at_the_right_side_of_the_target():
    two = Spread(2, 2, 2)
    assert Row("w", two, "s", 1).met
    assert not Row("w", two, "s", 1, at_least=False).met
    assert Row("w", two, "s").met is None


def test_rows_survive_json():
    row = compared("w", PAIRS, "ms a step", 5.0)
    assert Row.of(json.loads(json.dumps(row.as_dict()))) == row


def test_document_keeps_its_text_and_earlier_benchmarks_their_figures(places):
    report.save("a", "First", "Note a.", [compared("one", PAIRS, "ms a step", 5.0)], MACHINE)
    report.save("b", "Second", "Note b.", [Row("two", Spread(3, 2, 4), "s", 1, at_least=False)], MACHINE)
    report.write_document(report.load(), ["a", "b"])
    text = places.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert (
        "| one | 2.00 (2.00 to 2.00) | 12.0 (12.0 to 12.0) | ms a step | **6.00x** | 7.00 (7.00 to 7.00) "
        "| at least 5x | yes |" in text
    )
    assert "| two | **3.00 s** (2.00 to 4.00) | at most 1 s | no |" in text
    assert text.index("First") < text.index("Second")
