"""Retrieval quality: search the whole corpus with the current weights, measure per query, then average."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..data import Labels
from ..retrieval import build_index, evaluate, leave_out, search
from .embeddings import CurrentEmbeddings
from .problem import Problem

DEPTH = 100
DEEP = 1000  # at the end of a run, so that R@1000 can be had


def measure(
    problem: Problem,
    embeddings: CurrentEmbeddings,
    labels: Mapping[str, Labels],
    step: int,
    depth: int = DEPTH,
) -> dict[str, pd.DataFrame]:
    """By split, measures of every query of its labels, one row a query in their order."""
    index, tables = build_index(embeddings.documents(step)), {}
    for split, asked in labels.items():
        queries = embeddings.queries(asked.queries)
        kept = min(depth, problem.n_docs)
        wide = kept if asked.own is None else min(kept + 1, problem.n_docs)
        ranking = leave_out(search(index, queries, wide, problem.tokens.docs.passages), asked.own, kept)
        found = evaluate(ranking, asked, problem.n_docs)
        tables[split] = found if depth >= DEEP else found.drop(columns="R@1000", errors="ignore")
    return tables


def final_results(
    problem: Problem, embeddings: CurrentEmbeddings, step: int
) -> tuple[dict[str, dict[str, float]], pd.DataFrame]:
    """Means by split, and per-query values (query_id, split, measures), of all splits but train, whole.

    A split none of whose queries has a relevant document is left out.
    """
    labels = {
        split: found
        for split in problem.dataset.qrels
        if split != "train" and (found := problem.eval_labels(split)) is not None
    }
    means: dict[str, dict[str, float]] = {}
    tables = [pd.DataFrame({"query_id": [], "split": []})]
    for split, table in measure(problem, embeddings, labels, step, DEEP).items():
        means[split] = {str(name): float(value) for name, value in table.mean().items()}
        ids = np.array(problem.dataset.query_ids, dtype=object)[labels[split].queries]
        tables.append(table.reset_index(drop=True).assign(query_id=ids, split=split))
    return means, pd.concat(tables[1:] or tables, ignore_index=True)
