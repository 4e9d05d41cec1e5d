"""The shared start: a warm-up trained once per (dataset, encoder, seed), kept in the store, used by every run compared.

It is a run like any other (`kind: warmup`), so its curves can be looked at, and a killed one is resumed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..config import EncoderConfig, OptimizerConfig, RecordConfig, RunConfig, WarmupConfig
from ..data.model_files import fingerprint
from ..data.model_modules import read_model_folder
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
    encoder = config.encoder.model_copy(update=_alike_for_methods(config.encoder))
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


def _alike_for_methods(encoder: EncoderConfig) -> dict[str, Any]:
    """One tower and plain products, so that methods that differ in those start from the same weights.

    A sentence-transformers folder taken over whole has a similarity, and may have two towers, before there is a method.
    """
    found = read_model_folder(encoder.model or "") if encoder.head == "folder" else None
    if found is None:
        return {"towers": "shared", "similarity": "dot", "temperature": None}
    towers = "untied" if found.two_towers else "shared"
    return {"towers": towers, "similarity": found.similarity, "temperature": found.temperature}


SINCE: dict[str, Any] = {
    "encoder": {"head": "ance", "query_prefix": "", "document_prefix": ""},
    "negatives": {"in_batch": False, "shares": {"given": None}},
    "method": {"a_rule": None, "top": None},
    "objective": {"kind": None},
    "optimizer": {"kind": "adamw", "momentum": 0.0},
}
"""Settings that came after names were first made, with the value that changes nothing: the name leaves those out, so that
starts from before are still found."""


def _leave_out(settings: dict[str, Any], since: Mapping[str, Any]) -> None:
    """Remove what has the value in `since`, and groups that are empty then."""
    for name, neutral in since.items():
        if isinstance(neutral, Mapping):
            _leave_out(settings[name], neutral)
            if not settings[name]:
                del settings[name]
        elif settings[name] == neutral:
            del settings[name]


def warmup_name(config: RunConfig, problem: Problem) -> str:
    """Name of the warm-up run: by everything that decides its weights, data and pretrained folder by content."""
    decisive = config.model_dump(mode="json", exclude={"data", "name", "record"})
    table = problem.tokens.table
    if table is None:
        del decisive["encoder"]["token_weights"]  # of a table alone
    else:
        decisive["encoder"]["model"] = table.fingerprint
    if config.encoder.kind == "hf":
        decisive["encoder"]["model"] = fingerprint(config.encoder.model or "")
    _leave_out(decisive, SINCE)
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
