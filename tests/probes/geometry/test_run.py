"""The measures over a run's folder, and what is said where they cannot be taken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ance_core.config import merge
from ance_core.errors import ProbeError
from ance_core.probes.geometry import anisotropy, label_pairs, measure_run, measure_snapshot
from ance_core.probes.geometry.run import FOLLOWED
from ance_core.runs import Run, Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

from ...training.conftest import SMALL
from .spaces import isotropic


def snapshot(shift: float = 0.0, n: int = 60, seed: int = 0) -> dict[str, np.ndarray]:
    rows = np.arange(0, 2 * n, 2, dtype=np.int32)  # every other text of the dataset
    return {
        "documents": isotropic(n, 8, seed) + shift,
        "document_rows": rows,
        "queries": isotropic(n, 8, seed + 1) + shift,
        "query_rows": rows,
    }


@pytest.fixture
def new_run(tmp_path):
    def made(snapshots, records=None, **dataset):
        writer = Store(tmp_path, create=True).create_run(
            "one", {"recipe": "ance"}, dataset={"name": "d", "docs": 200, "queries": 120, **dataset}
        )
        for step, arrays in snapshots.items():
            writer.snapshot(step, arrays)
        if records:
            writer.negatives(records)
        writer.finish()
        return Store(tmp_path).run("one")

    return made


def test_every_snapshot_is_measured_and_overlap_begins_with_the_second(new_run):
    run = new_run({0: snapshot(), 50: snapshot(shift=10)})
    found = measure_run(run)
    table = found.readings.set_index(["step", "of", "measure"])["value"]
    assert found.lights[0].colour == "green"
    assert found.lights[50].colour == "red"
    assert table[50, "queries", "mean_cosine"] > 0.9
    assert "neighbour_overlap" not in table[0]["queries"].index
    assert 0 <= table[50, "queries", "neighbour_overlap"] <= 1
    for measure in FOLLOWED:
        for row in anisotropy(run, measure).itertuples():
            assert row.value == pytest.approx(table[row.step, row.of, measure], rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("measure", FOLLOWED)
def test_training_logs_what_its_snapshots_come_to(tmp_path, monkeypatch, measure):
    """Pages draw many runs: for them the log must say the same as the vectors, to the last bit."""
    store = Store(tmp_path, create=True)
    (run,) = train_runs([resolve(merge(SMALL, {"record": {"snapshot_every": 4}}))], store)
    logged = anisotropy(run, measure)
    assert len(logged) == 2 * len(run.snapshots()) > 4
    assert logged["value"].notna().all()
    with monkeypatch.context() as patch:
        patch.setattr(Run, "scalars", lambda run, names: pd.DataFrame({"step": [], "name": [], "value": []}))
        pd.testing.assert_frame_equal(anisotropy(run, measure), logged)
    monkeypatch.setattr(Run, "snapshot", lambda run, step: pytest.fail("the vectors were read"))
    pd.testing.assert_frame_equal(anisotropy(run, measure), logged)


def test_alignment_is_over_the_positives_that_were_trained_on_and_sampled(new_run):
    records = {
        "step": np.array([1, 1, 2]),
        "query": np.array([4, 6, 7]),  # 7 is not in the snapshot
        "positive": np.array([10, 2, 10]),
        "document": np.array([0, 1, 2]),
        "source": "random",
    }
    arrays = snapshot()
    run = new_run({0: arrays}, records)
    assert label_pairs(run).tolist() == [[4, 10], [6, 2], [7, 10]]
    stored = run.snapshot(0)
    units = {
        k: v / np.linalg.norm(v, axis=1, keepdims=True)
        for k, v in ((k, stored[k].astype(np.float64)) for k in ("queries", "documents"))
    }
    gaps = [
        ((units["queries"][q // 2] - units["documents"][d // 2]) ** 2).sum() for q, d in ((4, 10), (6, 2))
    ]
    found = measure_run(run).readings.set_index("measure")["value"]
    assert found["alignment"] == pytest.approx(np.mean(gaps), rel=1e-4)


def test_evenness_of_draws_between_snapshots(new_run):
    records = {
        "step": np.repeat([1, 2, 3], 4),
        "query": np.tile([0, 2, 4, 6], 3),
        "document": np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
        "negative_query": np.array([-1] * 8 + [0, 2, 4, 6]),
        "source": "ann",
    }
    draws = measure_run(new_run({0: snapshot(), 2: snapshot(), 3: snapshot()}, records, docs=5)).draws
    table = draws.set_index(["step", "of"])
    assert list(table.index) == [(2, "documents"), (3, "documents"), (3, "queries")]
    assert table.loc[(2, "documents"), "entropy"] == 0
    assert table.loc[(3, "documents"), "draws"] == 4
    assert table.loc[(3, "queries"), "entropy"] == pytest.approx(1)


def test_a_run_without_snapshots_says_how_to_get_them(new_run):
    with pytest.raises(ProbeError, match=r"run 'one': no snapshots.*record\.snapshot_every"):
        measure_run(new_run({}))


def test_a_step_without_a_snapshot_names_those_there_are(new_run):
    run = new_run({0: snapshot(), 50: snapshot()})
    with pytest.raises(ProbeError, match="choose from 0, 50"):
        measure_run(run, [7])


def test_vectors_that_are_not_finite_are_a_note_and_the_rest_is_measured(new_run):
    broken = snapshot()
    broken["queries"][3] = np.nan
    found = measure_run(new_run({0: snapshot(), 50: broken, 100: snapshot()}))
    assert "1 of 60 vectors are not finite" in found.notes[50][0]
    assert set(found.readings["step"]) == {0, 100}
    later = found.readings[found.readings["step"] == 100]
    assert "neighbour_overlap" not in set(later["measure"])  # nothing finite right before it


def test_zero_vectors_are_left_out_and_told():
    arrays = snapshot()
    arrays["documents"][:2] = 0
    found = measure_snapshot(arrays, np.array([[0, 0], [1, 5]]))
    assert found.notes == ["2 of 60 documents are zero vectors, which have no direction: left out"]
    left = measure_snapshot({**arrays, "documents": arrays["documents"][2:]}, np.array([[1, 3]]))
    for measure in ("mean_cosine", "uniformity_t2"):
        assert found.value("documents", measure) == pytest.approx(left.value("documents", measure), abs=1e-6)
    assert found.value("both", "alignment") == pytest.approx(left.value("both", "alignment"))


def test_a_snapshot_of_a_single_text_is_measured_as_far_as_it_goes():
    found = measure_snapshot({k: v[:1] for k, v in snapshot().items()})
    assert np.isnan(found.value("queries", "mean_cosine"))
    assert found.light.colour == "unknown"


def test_the_whole_corpus_has_no_interval_a_sample_has(new_run):
    whole = {**snapshot(), "document_rows": np.arange(60, dtype=np.int32)}
    found = measure_run(new_run({0: whole}, docs=60, queries=600)).readings
    table = found[found["measure"] == "mean_cosine"].set_index("of")["half_width"]
    assert table["documents"] == 0
    assert table["queries"] > 0


def test_anisotropy_of_what_diverged_is_unknown(new_run):
    broken = snapshot()
    broken["queries"][3] = np.nan
    run = new_run({0: broken})
    for measure in FOLLOWED:
        table = anisotropy(run, measure).set_index("of")["value"]
        assert np.isnan(table["queries"])
        assert np.isfinite(table["documents"])
