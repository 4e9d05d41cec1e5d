from pathlib import Path

import numpy as np
import pytest

from ance_core.errors import StoreError
from ance_core.runs import Run, RunWriter, Store


@pytest.fixture
def writer(store: Store) -> RunWriter:
    return store.create_run("a", {})


@pytest.fixture
def run(store: Store, writer: RunWriter) -> Run:
    return store.run("a")


def test_arrays_come_back_mapped_in_half_precision(writer: RunWriter, run: Run) -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    assert run.snapshots() == []
    writer.snapshot(100, {"documents": vectors, "document_rows": np.arange(50, dtype=np.int32)})
    writer.snapshot(20, {"documents": vectors.T, "empty": np.zeros((0, 8))})
    assert run.snapshots() == [20, 100]
    arrays = run.snapshot(100)
    assert list(arrays) == ["documents", "document_rows"]
    assert isinstance(arrays["documents"], np.memmap)
    assert arrays["documents"].dtype == np.float16
    np.testing.assert_allclose(arrays["documents"], vectors, rtol=2**-11, atol=2**-24)
    assert arrays["document_rows"].dtype == np.int32
    assert arrays["document_rows"].tolist() == list(range(50))
    assert run.snapshot(20)["documents"].shape == (8, 50)
    assert run.snapshot(20)["empty"].shape == (0, 8)


def test_values_beyond_half_precision_are_kept_in_single(writer: RunWriter, run: Run) -> None:
    writer.snapshot(1, {"large": np.array([1e5, -np.inf, np.nan]), "small": np.array([np.inf, 6e4])})
    arrays = run.snapshot(1)
    assert arrays["large"].dtype == np.float32
    np.testing.assert_array_equal(arrays["large"], np.float32([1e5, -np.inf, np.nan]))
    assert arrays["small"].dtype == np.float16


def test_a_repeated_snapshot_replaces_the_first(writer: RunWriter, run: Run) -> None:
    writer.snapshot(1, {"a": np.zeros(3), "b": np.zeros(3)})
    writer.snapshot(1, {"a": np.ones(2)})
    assert {name: array.tolist() for name, array in run.snapshot(1).items()} == {"a": [1, 1]}


def test_mistakes_are_one_line(writer: RunWriter, run: Run) -> None:
    writer.snapshot(1, {"a": np.zeros(3)})
    with pytest.raises(StoreError, match="no snapshot at step 2: choose one of: 1"):
        run.snapshot(2)
    with pytest.raises(ValueError, match=r"'\.\./a' is not letters"):
        writer.snapshot(2, {"../a": np.zeros(3)})
    with pytest.raises(ValueError, match="Object arrays"):
        writer.snapshot(3, {"a": np.array([None])})
    assert run.snapshots() == [1]
    array = next((run.folder / "snapshots").rglob("a.npy"))
    array.write_bytes(array.read_bytes()[:-1])
    with pytest.raises(StoreError, match="damaged snapshot"):
        run.snapshot(1)
    (array.parent / "manifest.json").write_text("{}")
    with pytest.raises(StoreError, match="damaged snapshot"):
        run.snapshot(1)


def test_truncation_drops_later_snapshots_checkpoints_and_results(writer: RunWriter, run: Run) -> None:
    for step in (10, 20, 30):
        writer.snapshot(step, {"a": np.zeros(3)})
        with writer.checkpoint(step) as folder:
            (folder / "weights").write_text("")
    for name in ("model", "results.json", "per_query.parquet"):
        path = run.folder / name
        path.mkdir() if name == "model" else path.write_text("{}")
    writer.truncate_after(20)
    assert run.snapshots() == [10, 20]
    assert list(run.checkpoints()) == [10, 20]
    assert run.results() == {}
    assert run.per_query().empty
    left = {path.name.split("-")[0] for path in Path(run.folder).iterdir()}
    assert left == {"run.json", "log.sqlite", "snapshots", "checkpoints"}
