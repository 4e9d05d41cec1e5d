"""A short fuzz of data files; `make fuzz` does thousands."""

from benchmarks.fuzz.data_files import MAKERS, main
from benchmarks.fuzz.plain import Counts, plain_reader


def test_a_few_hundred_cases(capsys):
    assert main(200, 7) == []
    assert " read" in capsys.readouterr().out


def test_the_comparison_can_fail():
    files = {"pairs.csv": b"query,passage\nw1z,w2z\nw3z,w4z\n"}
    plain = plain_reader("csv", files)
    assert plain == Counts(None, 2, frozenset({"w1z", "w2z", "w3z", "w4z"}))
    assert "lost words ['w4z']" in plain.differs(Counts(2, 2, frozenset({"w1z", "w2z", "w3z"})), {})
    assert "1 judgements" in plain.differs(Counts(2, 1, plain.words), {})
    assert set(MAKERS) == {"beir", "msmarco", "trec", "csv", "lists"}
