"""The shared start: a warm-up trained once per (dataset, encoder, seed), kept in the store, used by every run compared.

It is a run like any other (`kind: warmup`), so its curves can be looked at, and a killed one is resumed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..config import OptimizerConfig, RecordConfig, RunConfig, WarmupConfig
from ..errors import TrainingError
from ..runs import Run, Store
from ..runs.files import make_folder, writing
from .defaults import settle
from .problem import Problem

WAIT_SECONDS = 0.5  # between two looks at a lock that another process holds


def warmup_config(config: RunConfig, problem: Problem) -> RunConfig | None:
    """The run whose weights the settled `config` starts from; None where it does not start from a warm-up.

    Nothing of the method goes into it, so that methods with other batches, pools or similarities still share it.
    """
    if config.warmup.recipe == "none" or config.start or config.fork:
        return None
    # Always one tower and plain products, so that methods that differ in those start from the same weights.
    encoder = config.encoder.model_copy(update={"towers": "shared", "similarity": "dot", "temperature": None})
    warm = RunConfig(
        data=config.data,
        labels_per_query=config.labels_per_query,
        recipe=config.warmup.recipe,
        encoder=encoder,
        warmup=WarmupConfig(recipe="none"),
        optimizer=OptimizerConfig(learning_rate=config.warmup.learning_rate),
        record=RecordConfig(
            negatives=False,
            snapshot_every=0,
            eval_every=config.record.eval_every,
            eval_splits=config.record.eval_splits,
        ),
        steps=config.warmup.steps,
        batch_size=config.warmup.batch_size,
        seed=config.seed,
        threads=config.threads,
    )
    return settle(warm, problem)


def warmup_name(config: RunConfig, problem: Problem) -> str:
    """Name of the warm-up run: by everything that decides its weights, data and token table by content, not by path."""
    decisive = config.model_dump(mode="json", exclude={"data", "name", "record"})
    for later in ("kind", "momentum"):  # always AdamW's, and names were made without them once
        del decisive["optimizer"][later]
    table = problem.tokens.table
    if table is None:
        del decisive["encoder"]["token_weights"]  # of a table alone
    else:
        decisive["encoder"]["model"] = table.fingerprint
    key = json.dumps([decisive, problem.dataset.fingerprint], sort_keys=True)
    return f"warmup-{config.recipe}-{config.steps}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def shared_start(
    config: RunConfig,
    problem: Problem,
    store: Store,
    train: Callable[[RunConfig, str], None],
    wait: Callable[[str], None],
) -> tuple[Run, int] | None:
    """The finished warm-up for `config` and its last step, trained by `train(config, name)` if it is not there yet.

    Several processes may ask at once: one trains, the others call `wait(name)` now and then until it is finished.
    Raises TrainingError when it was stopped before its end.
    """
    warm = warmup_config(config, problem)
    if warm is None:
        return None
    name = warmup_name(warm, problem)
    locks = store.folder / ".locks"
    make_folder(locks)
    with _locked(locks / f"{name}.lock", lambda: wait(name)):
        if not (store.folder / name).is_dir() or store.run(name).status().state != "finished":
            train(warm, name)
        run = store.run(name)
        status = run.status()
    if status.state != "finished":
        raise TrainingError(
            f"shared start '{name}': {status.state} at step {status.step} of {status.steps}; "
            "train or resume again and it goes on from there"
        )
    return run, warm.steps


@contextmanager
def _locked(path: Path, wait: Callable[[], None]) -> Iterator[None]:
    lock = FileLock(path)
    while not lock.is_locked:
        with writing(path):
            try:
                lock.acquire(timeout=WAIT_SECONDS)
                continue
            except Timeout:
                pass
        wait()
    try:
        yield
    finally:
        lock.release()
