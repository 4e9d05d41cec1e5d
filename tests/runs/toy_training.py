"""A training in all but learning: what it records is a function of the step, so runs can be compared."""

import os
import signal
from typing import Any

import numpy as np

from ance_core.runs import Run, RunWriter, Store

STEPS, EVERY = 30, 10
ROWS = 8


def records(step: int) -> dict[str, Any]:
    rng = np.random.default_rng(step)
    return {
        "step": step,
        "query": np.arange(ROWS),
        "document": rng.integers(0, 1000, ROWS),
        "slot": np.arange(ROWS) % 4,
        "source": np.array(["ann", "bm25"])[rng.integers(0, 2, ROWS)],
        "rank": rng.integers(0, 200, ROWS),
        "probability": np.full(ROWS, 1 / 200),
        "score": rng.random(ROWS, dtype=np.float32),
        "hidden": rng.random(ROWS) < 0.1,
    }


def scalars(step: int) -> dict[str, float]:
    return {"loss": 1.0 / step, "lr": 1e-3 * step, "grad_norm/total": float(step % 7)}


def one_step(run: RunWriter, step: int) -> None:
    run.scalars(step, scalars(step), seconds=step * 0.01, examples=step * 32)
    run.negatives(records(step))
    run.heartbeat(step, "running")
    if step % 5 == 0:
        run.refresh(
            {"step": step, "index_step": step - 1, "active_step": step, "jaccard": 1 / step, "queries": 9}
        )
        run.event(step, "refresh", f"pools of step {step}")
        run.snapshot(step, {"documents": np.full((4, 2), step, np.float32), "rows": np.arange(4)})
    if step % EVERY == 0:
        with run.checkpoint(step) as folder:
            (folder / "weights").write_text(str(step))


def train(store: Store, name: str, die_at: int | None = None, resume: bool = False) -> None:
    """Train to the end, or be killed after `die_at` steps with whatever waits in memory."""
    if resume:
        last = max(store.run(name).checkpoints(), default=0)
        run = store.resume_run(name)
        run.truncate_after(last)
        run.event(last, "resumed", f"from step {last}")
    else:
        last, run = 0, store.create_run(name, {"steps": STEPS, "recipe": "toy", "seed": 0})
    with run:
        for step in range(last + 1, STEPS + 1):
            one_step(run, step)
            if step % 7 == 0:
                run.flush_negatives()
            if step == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
        run.finish("finished", {"dev": {"RR@10": 0.5}})


def contents(run: Run) -> dict[str, Any]:
    """All that a run holds but the times: equal for equal trainings, however often they were interrupted."""
    events = run.events().drop(columns="time")
    return {
        "scalars": run.scalars().values.tolist(),
        "events": events[events["kind"] != "resumed"].values.tolist(),
        "refreshes": run.refreshes().fillna(-1.0).values.tolist(),
        "negatives": run.negatives(columns=["step", "query", "document", "source", "score"]).values.tolist(),
        "snapshots": {n: {k: v.tolist() for k, v in run.snapshot(n).items()} for n in run.snapshots()},
        "checkpoints": {n: (path / "weights").read_text() for n, path in run.checkpoints().items()},
        "results": run.results(),
    }
