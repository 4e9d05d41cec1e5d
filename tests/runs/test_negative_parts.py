from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from ance_core.errors import StoreError
from ance_core.runs import Run, Store, negatives, writer

from . import toy_training


def drawn(step: int, n: int = 3, **columns: object) -> dict[str, object]:
    return {
        "step": step,
        "query": np.arange(n),
        "document": np.arange(n) + 10 * step,
        "source": "ann",
        **columns,
    }


def part_names(run: Run) -> list[str]:
    return [part.path.name for part in negatives.parts(run.folder)]


def test_records_come_back_with_their_types(store: Store) -> None:
    run = store.create_run("a", {})
    reader = store.run("a")
    assert len(reader.negatives()) == 0
    assert reader.negatives().columns.tolist() == list(negatives.COLUMNS)
    run.negatives(
        drawn(1, source=np.array(["ann", "bm25", "ann"]), probability=np.array([0.5, 1 / 3, 1e-300]))
    )
    run.negatives(drawn(2, source="random", hidden=np.array([True, False, True]), score=np.float32(0.25)))
    assert len(reader.negatives()) == 0  # buffered
    run.flush_negatives()

    frame = reader.negatives()
    kinds = {"source": "category"}
    assert frame.dtypes.astype(str).to_dict() == {
        n: kinds.get(n, k) for n, (k, _) in negatives.COLUMNS.items()
    }
    assert frame["step"].tolist() == [1, 1, 1, 2, 2, 2]
    assert frame["source"].tolist() == ["ann", "bm25", "ann", "random", "random", "random"]
    assert frame["probability"].tolist()[:3] == [0.5, 1 / 3, 1e-300]
    assert frame["rank"].eq(-1).all()
    assert frame["loss"].isna().all()
    assert frame["hidden"].tolist() == [False] * 3 + [True, False, True]
    path = negatives.parts(reader.folder)[0].path
    assert path.name == "part-00000001-00000002.parquet"
    assert pq.read_metadata(path).row_group(0).column(0).compression == "ZSTD"
    assert pa.types.is_dictionary(pq.read_schema(path).field("source").type)
    run.close()


def test_the_callers_arrays_are_copied(store: Store) -> None:
    with store.create_run("a", {}) as run:
        reused = np.zeros(3, np.int32)
        for step in (1, 2):
            reused[:] = step
            run.negatives({"step": step, "query": reused, "document": reused, "source": "ann"})
    assert store.run("a").negatives()["document"].tolist() == [1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (drawn(1, scores=1.0), "no column 'scores'; did you mean 'score'"),
        ({"step": 1, "query": 1, "document": np.arange(2)}, "column 'source' is missing"),
        (drawn(1, rank=np.arange(4)), r"'rank' has shape \(4,\), 'document' has 3 rows"),
    ],
)
def test_mistakes_of_the_caller(store: Store, records: dict[str, object], message: str) -> None:
    with store.create_run("a", {}) as run:
        with pytest.raises(ValueError, match=message):
            run.negatives(records)
        run.negatives(drawn(1, n=0))
    assert len(store.run("a").negatives()) == 0


def test_filters_and_columns_are_applied_while_reading(store: Store) -> None:
    with store.create_run("a", {}) as run:
        for step in range(1, 11):
            run.negatives(drawn(step, source="ann" if step % 2 else "random"))
            run.flush_negatives()
    reader = store.run("a")
    assert reader.negatives([("step", ">", 8), ("source", "==", "ann")])["step"].tolist() == [9] * 3
    frame = reader.negatives(pc.field("document") == 41, columns=["query", "step"])
    assert frame.values.tolist() == [[1, 4]]
    assert reader.negatives_dataset().count_rows(filter=pc.field("step") <= 2) == 6
    with pytest.raises(StoreError, match="check the filter's columns"):
        reader.negatives([("nosuch", ">", 8)])
    with pytest.raises(StoreError, match="check the filter's columns"):
        reader.negatives(columns=["nosuch"])


def test_parts_end_where_checkpoints_are(store: Store) -> None:
    with store.create_run("a", {}) as run:
        for step in range(1, 8):
            run.negatives(drawn(step))
        with run.checkpoint(5):
            pass
        reader = store.run("a")
        assert part_names(reader) == ["part-00000001-00000005.parquet"]
        run.negatives(drawn(7))
        run.flush_negatives()
        run.negatives(drawn(7))
        run.negatives(drawn(6))
        run.flush_negatives()
        run.flush_negatives()
        assert part_names(reader)[1:] == [
            "part-00000006-00000007.parquet",
            "part-00000006-00000007-2.parquet",
        ]
    assert sorted(reader.negatives()["step"].unique()) == list(range(1, 8))
    assert len(reader.negatives()) == 10 * 3


def test_long_stretches_without_a_checkpoint_do_not_pile_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FLUSH_NEGATIVES", 30)
    with store.create_run("a", {}) as run:
        for step in range(1, 25):
            run.negatives(drawn(step))
        assert part_names(store.run("a")) == [
            "part-00000001-00000010.parquet",
            "part-00000011-00000020.parquet",
        ]


@pytest.mark.parametrize("step", [0, 1, 4, 5, 6, 10, 99])
def test_truncation_drops_parts_and_cuts_the_one_that_straddles(store: Store, step: int) -> None:
    run = store.create_run("a", {})
    for at in range(1, 11):
        run.negatives(drawn(at))
        if at % 3 == 0:
            run.flush_negatives()
    run.flush_negatives()
    reader = store.run("a")
    whole = reader.negatives()
    for _ in range(2):  # harmless when repeated
        run.truncate_after(step)
        expected = whole[whole["step"] <= step]
        pd.testing.assert_frame_equal(reader.negatives(), expected, check_categorical=False)
        assert all(part.last <= step for part in negatives.parts(reader.folder))
        assert not list((reader.folder / "negatives").glob(".*"))
    run.close()


def test_half_written_and_foreign_files_are_not_read(store: Store) -> None:
    with store.create_run("a", {}) as run:
        run.negatives(drawn(1))
    folder = store.folder / "a" / "negatives"
    for name in (".tmp-part-00000002-00000003.parquet-ab", "part-2-3.parquet.tmp", "notes.txt"):
        (folder / name).write_text("not parquet")
    assert len(store.run("a").negatives()) == 3
    (folder / "part-00000002-00000003.parquet").write_text("damaged")
    with pytest.raises(StoreError, match="cannot be read") as caught:
        store.run("a").negatives()
    assert "\n" not in str(caught.value)


def test_many_sources_over_many_parts_are_one_category(store: Store) -> None:
    with store.create_run("a", {}) as run:
        for step, source in enumerate(["ann", "bm25", "random", "bm25"], 1):
            run.negatives(drawn(step, source=source))
            run.flush_negatives()
    frame = store.run("a").negatives(columns=["source"])
    assert frame["source"].value_counts().to_dict() == {"bm25": 6, "ann": 3, "random": 3}


def test_a_resume_may_drop_parts_while_they_are_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.create_run("a", {}) as run:
        for step in (1, 2):
            run.negatives(toy_training.records(step))
            run.flush_negatives()
    listed, original = [], negatives.dataset

    def vanish(folder: Path) -> object:
        found = original(folder)
        if not listed:  # after listing, before reading
            listed.append(negatives.parts(folder)[1].path.unlink())
        return found

    monkeypatch.setattr(negatives, "dataset", vanish)
    assert store.run("a").negatives()["step"].unique().tolist() == [1]
