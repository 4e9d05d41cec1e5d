"""`ance geometry`: a table for people, rows for scripts, one line where nothing can be measured."""

import json

import numpy as np
import pytest

from ance_core.probes.projection import read_umap
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


def test_a_umap_of_too_few_texts_is_refused_before_any_work(ance, runs):
    writer = Store(runs).create_run("small", {"recipe": "ance"})
    rows = np.arange(6, dtype=np.int32)
    writer.snapshot(
        0, {"queries": np.eye(6), "documents": np.eye(6), "query_rows": rows, "document_rows": rows}
    )
    writer.finish()
    done = ance("geometry", "small", "--runs", runs, "--umap")
    assert done.code == 1
    assert "needs more than its 15 neighbours: look at PCA instead" in done.err
    assert not (runs / "small" / "projections").exists()


@pytest.mark.slow
def test_umap_is_computed_before_a_class(ance, runs):
    writer = Store(runs).create_run("enough", {"recipe": "ance"})
    rng, rows = np.random.default_rng(0), np.arange(60, dtype=np.int32)
    for step in (0, 1):
        vectors = {side: rng.normal(size=(60, 4)) for side in ("queries", "documents")}
        writer.snapshot(step, {**vectors, "query_rows": rows, "document_rows": rows})
    writer.finish()
    done = ance("geometry", "enough", "--runs", runs, "--umap")
    assert done.code == 0, done.err
    assert read_umap(Store(runs).run("enough")).steps == [0, 1]


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
