"""Rankers that a run is seen against, on its own queries: BM25, the encoder before any training, and the run's start.

Each is measured once for what it depends on and copied from then on: BM25 for a dataset, the untrained encoder for a
dataset, an encoder and a seed. The shared start was measured at the warm-up's end. A run keeps its own copy, so that
it can be mailed. None of this is counted as training time, and none of it changes the training.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ..config import EncoderConfig, RunConfig
from ..data import Labels
from ..encoders import build_encoder
from ..errors import DataError
from ..retrieval import BM25, evaluate
from ..runs import Run, Store
from .embeddings import CurrentEmbeddings
from .evaluate import DEEP, measure
from .problem import Problem
from .run import Training

Tables = dict[str, pd.DataFrame]
"""By split, a row a query id and a column a measure."""


def record_references(run: Training, store: Store, start: Run | None) -> None:
    """Record them for a run at its first step. start: the run whose checkpoint gave it its weights, if one did."""
    labels = eval_labels(run.problem)
    if not labels:
        return
    bm25 = _known(store, run.problem, "bm25", lambda other: True)
    found = {
        "bm25": bm25 if bm25 is not None else bm25_tables(run.problem, labels),
        "untrained": _untrained(run, store, start, labels),
        "start": _start(run, start, labels),
    }
    samples = {
        split: run.problem.query_ids(sample)
        for split, sample in run.problem.watched(run.config.record).items()
    }
    for reference, tables in found.items():
        if tables:
            run.writer.queries.reference(reference, tables, samples)


def eval_labels(problem: Problem) -> dict[str, Labels]:
    """By split, all its labels; of every split but train that has some."""
    found = {split: problem.eval_labels(split) for split in problem.dataset.qrels if split != "train"}
    return {split: labels for split, labels in found.items() if labels is not None}


def bm25_tables(problem: Problem, labels: dict[str, Labels]) -> Tables:
    """What BM25 alone scores; empty where the corpus has no word that it could index."""
    try:
        index = BM25(problem.dataset.docs)
    except DataError:
        return {}
    tables = {}
    for split, asked in labels.items():
        queries = [problem.dataset.queries[row] for row in asked.queries]
        ranking = index.search(queries, min(DEEP, problem.n_docs))
        tables[split] = evaluate(ranking, asked, problem.n_docs)
    return _by_id(problem, labels, tables)


def _untrained(run: Training, store: Store, start: Run | None, labels: dict[str, Labels]) -> Tables:
    """The encoder before any training: this run's own weights, those its warm-up began with, or its parent's."""
    config, problem = run.config, run.problem
    if start is not None and start.info["kind"] != "warmup":
        same_data = start.info["dataset"]["fingerprint"] == problem.dataset.fingerprint
        same = same_data and _ranking(start.info["config"]["encoder"]) == _ranking(_dumped(config.encoder))
        return start.reference_tables("untrained") if same else {}
    known = _known(store, problem, "untrained", lambda other: _same_encoder(other, config, problem))
    if known is not None:
        return known
    if start is None:
        return _measured(problem, run.embeddings, labels, run.step)
    model = build_encoder(config.encoder, problem.dataset, problem.tokens, config.seed).to(
        run.accelerator.device
    )
    return _measured(problem, CurrentEmbeddings(model, problem.tokens), labels, 0)


def _start(run: Training, start: Run | None, labels: dict[str, Labels]) -> Tables:
    """The weights the run begins with; empty where they are the untrained ones."""
    if start is None:
        return {}
    similarity = run.config.encoder.similarity
    if start.info["kind"] == "warmup" and start.info["config"]["encoder"]["similarity"] == similarity:
        table = start.per_query()  # of its last step, whole splits
        return {
            str(split): rows.drop(columns="split").set_index("query_id").dropna(axis="columns")
            for split, rows in table.groupby("split")
        }
    return _measured(run.problem, run.embeddings, labels, run.step)


def _measured(
    problem: Problem, embeddings: CurrentEmbeddings, labels: dict[str, Labels], step: int
) -> Tables:
    return _by_id(problem, labels, measure(problem, embeddings, labels, step, DEEP))


def _by_id(problem: Problem, labels: dict[str, Labels], tables: Tables) -> Tables:
    return {
        split: table.set_axis(pd.Index(problem.query_ids(labels[split]), name="query_id"), axis="index")
        for split, table in tables.items()
    }


def _known(store: Store, problem: Problem, reference: str, fits: Callable[[Run], bool]) -> Tables | None:
    """What another run on the same dataset has recorded of it; None where none has."""
    for other in reversed(store.runs()):
        data = other.info.get("dataset") or {}
        same = data.get("fingerprint") == problem.dataset.fingerprint
        if same and fits(other) and (tables := other.reference_tables(reference)):
            return tables
    return None


def _same_encoder(other: Run, config: RunConfig, problem: Problem) -> bool:
    """Whether the other's weights before any training rank as this run's do."""
    began = other.info["config"]
    forked = began.get("start") or began.get("fork")  # its untrained encoder may be of another seed
    table, theirs = problem.tokens.table, other.info.get("table")
    return (
        not forked
        and began["seed"] == config.seed
        and _ranking(began["encoder"]) == _ranking(_dumped(config.encoder))
        and (theirs or {}).get("fingerprint") == (table.fingerprint if table else None)
    )


def _dumped(encoder: EncoderConfig) -> dict[str, object]:
    return encoder.model_dump(mode="json")


def _ranking(encoder: dict[str, object]) -> dict[str, object]:
    """The settings that decide a ranking: two towers start as copies of one, and a temperature keeps the order."""
    return {key: value for key, value in encoder.items() if key not in ("towers", "temperature")}
