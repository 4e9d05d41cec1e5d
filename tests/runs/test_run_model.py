"""Any order of recording, flushing, crashing and truncating leaves what a plain list would hold."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ance_core.runs import RunWriter, Store

ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("step"), st.integers(0, 4)),  # so many negatives are drawn
        st.tuples(st.just("flush"), st.none()),
        st.tuples(st.just("flush_negatives"), st.none()),
        st.tuples(st.just("checkpoint"), st.none()),
        st.tuples(st.just("truncate"), st.integers(0, 5)),  # so many steps back
        st.tuples(st.just("crash"), st.none()),
    ),
    max_size=14,
)
Row = tuple[int, float]


class Model:
    """Two lists of (step, value), each with a part that a crash would take."""

    def __init__(self) -> None:
        self.log: list[Row] = []
        self.log_waiting: list[Row] = []
        self.drawn: list[Row] = []
        self.drawn_waiting: list[Row] = []

    def flush_log(self) -> None:
        self.log += self.log_waiting
        self.log_waiting = []

    def flush_drawn(self) -> None:
        self.drawn += self.drawn_waiting
        self.drawn_waiting = []

    def truncate(self, step: int) -> None:
        self.log = [row for row in self.log if row[0] <= step]
        self.drawn = [row for row in self.drawn if row[0] <= step]
        self.log_waiting, self.drawn_waiting = [], []


def crash(run: RunWriter) -> None:
    """What SIGKILL leaves of a writer: the files, and no process."""
    run._connection.execute("UPDATE heartbeat SET pid = 0")
    run._connection.close()


def apply(
    store: Store, run: RunWriter, model: Model, step: int, action: str, value: int | None
) -> tuple[RunWriter, int]:
    if action == "step":
        step += 1
        run.scalars(step, {"loss": step / 7}, 0.0, 0)
        model.log_waiting.append((step, step / 7))
        documents = np.arange(value or 0) + 100 * step
        run.negatives({"step": step, "query": 0, "document": documents, "source": "ann"})
        model.drawn_waiting += [(step, float(d)) for d in documents]
    elif action == "flush":
        run.flush()
        model.flush_log()
    elif action == "flush_negatives":
        run.flush_negatives()
        model.flush_drawn()
    elif action == "checkpoint":
        with run.checkpoint(step):
            pass
        model.flush_log()
        model.flush_drawn()
    elif action == "truncate":
        step = max(0, step - (value or 0))
        run.truncate_after(step)
        model.truncate(step)
    else:
        crash(run)
        model.log_waiting, model.drawn_waiting = [], []
        run = store.resume_run("a")
    return run, step


@settings(max_examples=25, deadline=None)
@given(ACTIONS)
def test_store_and_list_agree(actions: list[tuple[str, int | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, model, step = Store(Path(folder), create=True), Model(), 0
        run = store.create_run("a", {})
        run._flushed = float(
            "inf"
        )  # the half-second flush stays out of it: only what was asked for is written
        for action, value in actions:
            run, step = apply(store, run, model, step, action, value)
            run._flushed = float("inf")
            reader = store.run("a")
            assert list(reader.scalars()[["step", "value"]].itertuples(index=False, name=None)) == model.log
            records = reader.negatives(columns=["step", "document"])
            assert list(records.itertuples(index=False, name=None)) == model.drawn
        run.close()
        model.flush_log()
        model.flush_drawn()
        assert store.run("a").scalars()["value"].tolist() == [value for _, value in model.log]
        assert store.run("a").negatives()["document"].tolist() == [value for _, value in model.drawn]
