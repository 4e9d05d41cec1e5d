"""How a run comes into the store: its name, and what its `run.json` says."""

from __future__ import annotations

import logging
import re
from dataclasses import asdict
from typing import Any

from ..config import EncoderConfig, RunConfig
from ..data.model_folder import describe, words
from ..data.token_table import TokenTable
from ..errors import StoreError
from ..recipes.budget import arm_name
from ..runs import RunWriter, Store
from .arithmetic import instruction_set
from .device import threads_of
from .problem import Problem
from .start import check_fits, check_optimizer, locate
from .warmup import warmup_config, warmup_name

logger = logging.getLogger(__name__)


def create_run(
    config: RunConfig, problem: Problem, store: Store, kind: str = "run", name: str | None = None
) -> RunWriter:
    """A new run's folder and its writer, waiting. name: else the config's, else a free one.

    Raises StoreError when the name is taken or the folder cannot be written.
    """
    start = initial_weights(config, problem, store)
    facts = describe_run(config, problem, kind, start)
    if name or config.name:
        writer = _create_named(str(name or config.name), config, store, facts)
    else:
        writer = _create_unnamed(config, problem, store, facts)
    writer.heartbeat(0, "waiting", steps=config.steps)
    if (table := facts.get("table")) and not (config.start or config.fork):
        writer.event(0, "pretrained start", words_on_start(table))
    if (pretrained := facts.get("pretrained")) and not (config.start or config.fork):
        writer.event(0, "pretrained start", words(pretrained))
        if pretrained["unused"] and kind == "run":
            logger.warning("%s: not used of it: %s", pretrained["model"], "; ".join(pretrained["unused"]))
    if config.batch_size > len(problem.labels.queries):
        queries = len(problem.labels.queries)
        writer.event(
            0,
            "batch size",
            f"{config.batch_size} asked for, {queries} used: as many as there are training queries",
        )
    return writer


def _create_named(name: str, config: RunConfig, store: Store, facts: dict[str, Any]) -> RunWriter:
    config = config.model_copy(update={"name": name})
    return store.create_run(name, config.model_dump(mode="json"), **facts)


def _create_unnamed(config: RunConfig, problem: Problem, store: Store, facts: dict[str, Any]) -> RunWriter:
    for _ in range(100):
        name = free_name(config, problem, store)
        try:
            return _create_named(name, config, store, facts)
        except StoreError:
            if not (store.folder / name).exists():
                raise
            # another process took the name a moment ago: the next one
    raise StoreError(f"{store.folder}: no free name for the run: choose one with --name")


def initial_weights(config: RunConfig, problem: Problem, store: Store) -> dict[str, Any]:
    """The run and step that a run's weights come from, `run` None for corpus and seed alone; checked to be fit."""
    if config.fork or config.start:
        field = "fork" if config.fork else "start"
        parent, step = locate(config.fork or config.start or "", store, field)
        check_fits(config, problem, parent, field)
        if config.fork:
            check_optimizer(config, parent)
        return {"run": parent.name, "step": step}
    warm = warmup_config(config, problem)
    return {"run": warmup_name(warm, problem), "step": warm.steps} if warm else {"run": None, "step": 0}


def describe_run(config: RunConfig, problem: Problem, kind: str, start: dict[str, Any]) -> dict[str, Any]:
    """What `run.json` says besides the config."""
    dataset = problem.dataset
    return {
        "kind": kind,
        "init": start,
        "scale": config.encoder.scale,
        "defaults": config.origins,
        "threads": threads_of(config),
        "instruction_set": instruction_set(),
        "dataset": {
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "source": dataset.source,
            "docs": len(dataset.docs),
            "queries": len(problem.labels.queries),
            **({"built": asdict(dataset.built)} if dataset.built else {}),
        },
        **({"table": describe_table(config.encoder, table)} if (table := problem.tokens.table) else {}),
        **({"pretrained": describe(config.encoder)} if config.encoder.kind == "hf" else {}),
    }


def describe_table(encoder: EncoderConfig, table: TokenTable) -> dict[str, Any]:
    """The pretrained table in `run.json`: what it is, and how a run with these settings starts from it."""
    own = "folder: weights" if table.has_weights else "folder: lengths of its rows"
    exact = f"isometry: all {table.width} dimensions of the table"
    reduced = (
        f"truncated SVD of the corpus's vectors: {encoder.dim - 1} of {table.width} dimensions of the table"
    )
    return {
        "model": encoder.model,
        "form": table.files.form,
        "fingerprint": table.fingerprint,
        "rows": table.rows,
        "width": table.width,
        "token_weights": own if encoder.token_weights == "folder" else "corpus: idf",
        "head": exact if table.width < encoder.dim else reduced,
    }


def words_on_start(table: dict[str, Any]) -> str:
    """A sentence on `describe_table` for the run's events."""
    return (
        f"{table['form']} table {table['model']}, {table['rows']:,} tokens; token weights from {table['token_weights']}; "
        f"head {table['head']}"
    )


def free_name(config: RunConfig, problem: Problem, store: Store) -> str:
    """`arm-data-s<seed>`, with a number behind it where that is taken. arm: see `recipes.budget.arm_name`."""
    said = f"{arm_name(config.model_dump())}-{problem.dataset.name}-s{config.seed}"
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", said)[:70].lstrip(".")
    taken = {path.name for path in store.folder.iterdir()}
    return next(
        name for n in range(1, len(taken) + 2) if (name := base if n == 1 else f"{base}-{n}") not in taken
    )
