"""`ance geometry`: a table for people, rows for scripts, one line where nothing can be measured."""

import json

import numpy as np
import pytest

from ance_core.runs import Store


@pytest.fixture
def runs(tmp_path):
    for name, vectors in {"none": [], "one": [np.eye(12, 4)], "diverged": [np.full((12, 4), np.nan)]}.items():
        writer = Store(tmp_path, create=True).create_run(name, {"recipe": "ance"})
        rows = np.arange(12, dtype=np.int32)
        for step, array in enumerate(vectors):
            arrays = {"queries": array, "documents": array, "query_rows": rows, "document_rows": rows}
            writer.snapshot(step, arrays)
        writer.finish()
    return tmp_path


def test_measures_stand_in_rows_and_snapshots_in_columns(ance, trained):
    shown = ance("geometry", "ance-a", "--runs", trained).out
    steps = Store(trained).run("ance-a").snapshots()
    assert len(steps) > 1
    assert all(f"step {step}" in shown for step in (steps[0], steps[-1]))
    assert all(
        word in shown
        for word in ("mean cosine", "IsoScore", "hubness", "neighbour overlap", "collapse light")
    )


def test_rows_for_scripts_are_what_was_measured(ance, trained):
    step = Store(trained).run("ance-a").snapshots()[-1]
    value = json.loads(ance("geometry", "ance-a", "--step", step, "--runs", trained, "--json").out)
    assert {row["step"] for row in value["readings"]} == {step}
    assert {"queries", "documents", "both"} == {row["of"] for row in value["readings"]}
    assert value["lights"][str(step)]["colour"] in ("green", "amber", "red")


def test_a_run_without_snapshots(ance, runs):
    done = ance("geometry", "none", "--runs", runs)
    assert done.code == 1
    assert "record.snapshot_every" in done.err


def test_a_diverged_run_says_so(ance, runs):
    done = ance("geometry", "diverged", "--runs", runs)
    assert done.code == 0
    assert "12 of 12 vectors are not finite" in done.err


def test_one_snapshot_has_no_overlap(ance, runs):
    done = ance("geometry", "one", "--runs", runs)
    assert "8 of 12 queries are zero vectors" in done.err
    assert "overlap" not in done.out
