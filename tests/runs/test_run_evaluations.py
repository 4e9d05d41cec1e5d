"""What single queries scored: written with the log, dropped with it, absent from older runs."""

import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from ance_core.runs import RunWriter, Store

IDS = ["q1", "q2", "ß3"]


def evaluate(writer: RunWriter, step: int, ids: list[str] = IDS) -> None:
    scores = {"RR@10": np.array([0.5, 1 / 3, step / 100]), "Success@1": np.array([0.0, 1.0, 0.0])}
    writer.queries.evaluation(step, "dev", ids, scores)


def reference(value: float) -> dict[str, pd.DataFrame]:
    index = pd.Index([*IDS, "q4"], name="query_id")
    return {"dev": pd.DataFrame({"RR@10": [value, 0.0, 1.0, 0.25]}, index=index)}


@pytest.fixture
def recorded(store: Store) -> Store:
    with store.create_run("a", {"steps": 20}) as writer:
        for step in (10, 0, 20):
            evaluate(writer, step)
        writer.queries.reference("bm25", reference(0.5), {"dev": IDS[:2]})
    return store


def older(store: Store, name: str = "a") -> None:
    """Make a log as runs had it before."""
    with closing(sqlite3.connect(store.folder / name / "log.sqlite")) as connection:
        for table in ("evaluations", "reference_levels", "queries"):
            connection.execute(f"DROP TABLE {table}")


def test_values_come_back_by_step_and_query(recorded: Store) -> None:
    found = recorded.run("a").evaluations("dev")
    assert found.queries == tuple(IDS)
    assert found.steps.tolist() == [0, 10, 20]
    assert found.values == pytest.approx(np.array([[0.5, 1 / 3, s / 100] for s in (0, 10, 20)]), abs=1e-7)
    assert recorded.run("a").evaluations("dev", "Success@1").values[0].tolist() == [0, 1, 0]
    for split, measure in (("dev", "R@100"), ("test", "RR@10")):
        assert len(recorded.run("a").evaluations(split, measure)) == 0


def test_references_have_both_means_and_every_query(recorded: Store) -> None:
    run = recorded.run("a")
    (row,) = run.references()
    assert tuple(row) == ("bm25", "dev", "RR@10", 1.75 / 4, 0.25)
    assert run.reference_tables("bm25")["dev"].equals(reference(0.5)["dev"].astype("float32"))
    assert run.reference_tables("start") == {}


def test_a_split_without_a_sample_has_no_sample_mean(store: Store) -> None:
    with store.create_run("a", {"steps": 20}) as writer:
        writer.queries.reference("bm25", {"test": reference(0.5)["dev"]}, {})
    assert [row.sample_mean for row in store.run("a").references()] == [None]


def test_resuming_drops_what_came_after_and_keeps_the_references(recorded: Store) -> None:
    with recorded.resume_run("a") as writer:
        evaluate(writer, 20)  # waits, and is dropped with the rest
        writer.truncate_after(10)
        assert recorded.run("a").evaluations("dev").steps.tolist() == [0, 10]
        evaluate(writer, 15)
        evaluate(writer, 15)  # a repeated step replaces itself
    found = recorded.run("a").evaluations("dev")
    assert (found.steps.tolist(), found.queries) == ([0, 10, 15], tuple(IDS))
    assert len(recorded.run("a").references()) == 1


def test_ids_dropped_before_they_were_written_are_written_again(store: Store) -> None:
    with store.create_run("a", {"steps": 20}) as writer:
        evaluate(writer, 20)
        writer.truncate_after(0)
        evaluate(writer, 5)
    assert store.run("a").evaluations("dev").queries == tuple(IDS)


def test_an_exported_run_has_them(recorded: Store, tmp_path) -> None:
    recorded.export("a", tmp_path / "a.zip")
    run = recorded.import_zip(tmp_path / "a.zip", "b")
    assert len(run.evaluations("dev")) == 3
    assert len(run.references()) == 1


def test_an_older_run_has_none_and_gets_them_when_it_goes_on(recorded: Store) -> None:
    older(recorded)
    run = recorded.run("a")
    assert len(run.evaluations("dev")) == 0
    assert run.references() == []
    assert run.reference_tables("bm25") == {}
    with recorded.resume_run("a") as writer:
        writer.truncate_after(10)
        evaluate(writer, 20)
    assert run.evaluations("dev").steps.tolist() == [20]
