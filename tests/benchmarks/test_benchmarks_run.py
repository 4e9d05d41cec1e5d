"""Every benchmark runs, small: each side by itself in this process, and all of it as a user starts it (slow)."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ance_core.config import EncoderConfig
from benchmarks import drawing, geometry, negatives_table, ours, recording, theirs
from benchmarks.__main__ import BENCHMARKS
from benchmarks.corpus import TOKENS, full_texts, triplets

LIMIT = 80


class FewTurns:
    """Stands in for the other process: allows two turns and keeps their laps."""

    def __init__(self):
        self.left, self.laps = 2, []

    def take(self):
        self.left -= 1
        return self.left >= 0

    def lap(self, name, units=1.0):
        self.laps.append(name)

    def give(self):
        pass


@pytest.fixture
def turns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return FewTurns()


@pytest.mark.parametrize("kind", ["static", "mini"])
def test_both_sides_read_the_same_128_tokens(kind):
    texts = full_texts(EncoderConfig(kind=kind), 40)
    assert (texts.tokens.docs.lengths() == TOKENS).all()
    again = texts.tokens.tokenizer.encode_batch(texts.cut, add_special_tokens=kind == "mini")
    flat, _ = texts.tokens.docs.ragged(np.arange(40))
    assert np.array_equal(np.concatenate([e.ids for e in again]), flat)


def test_triplets_are_labelled_pairs_with_another_document():
    texts = full_texts(EncoderConfig(), LIMIT)
    columns = triplets(texts)
    assert len(set(map(len, columns.values()))) == 1
    assert columns["anchor"]
    assert all(p != n for p, n in zip(columns["positive"], columns["negative"], strict=True))


@pytest.mark.parametrize(
    ("side", "settings", "laps"),
    [
        (ours.train, {"steps": 2, "threads": 1}, ["", ""]),
        (ours.refresh, {"threads": 1}, ["", ""]),
        (ours.encode, {}, ["made once", "raw", "natural"] * 2),
        (theirs.train, {"steps": 2, "model": "bare"}, ["", ""]),
        (theirs.refresh, {"negatives": 200}, ["", ""]),
        (theirs.encode, {}, ["full", "natural"] * 2),
    ],
)
def test_a_side_takes_its_turns(turns, side, settings, laps):
    side(turns, kind="static", limit=LIMIT, **settings)
    assert turns.laps == laps


@pytest.mark.parametrize("benchmark", [drawing, geometry, negatives_table, recording])
def test_benchmarks_without_another_side(benchmark):
    rows = list(benchmark.run(quick=True))
    assert rows
    assert all(np.isfinite(row.value.median) for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHMARKS)
def test_as_a_user_starts_it(name):
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", name]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert BENCHMARKS[name][1] in done.stdout
