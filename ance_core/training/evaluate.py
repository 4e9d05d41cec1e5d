"""Retrieval quality: search the whole corpus with the current weights, measure per query, then average."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..data import Labels
from ..retrieval import build_index, evaluate, search
from .embeddings import CurrentEmbeddings
from .problem import Problem

DEPTH = 100
DEEP = 1000  # at the end of a run, so that R@1000 can be had


def measure(
    problem: Problem, embeddings: CurrentEmbeddings, labels: Labels, step: int, depth: int = DEPTH
) -> pd.DataFrame:
    """Measures of every query of `labels`, one row a query in their order."""
    index, queries = build_index(embeddings.documents(step)), embeddings.queries(labels.queries)
    ranking = search(index, queries, min(depth, problem.n_docs), problem.tokens.docs.passages)
    per_query = evaluate(ranking, labels, problem.n_docs)
    return per_query if depth >= DEEP else per_query.drop(columns="R@1000", errors="ignore")


def final_results(
    problem: Problem, embeddings: CurrentEmbeddings, step: int
) -> tuple[dict[str, dict[str, float]], pd.DataFrame]:
    """Means by split, and per-query values (query_id, split, measures) of dev and test, whole splits."""
    means: dict[str, dict[str, float]] = {}
    tables = []
    for split in ("dev", "test"):
        labels = problem.eval_labels(split)
        if labels is None:
            continue
        table = measure(problem, embeddings, labels, step, DEEP)
        means[split] = {str(name): float(value) for name, value in table.mean().items()}
        ids = np.array(problem.dataset.query_ids, dtype=object)[labels.queries]
        tables.append(table.reset_index(drop=True).assign(query_id=ids, split=split))
    return means, pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(
        {"query_id": [], "split": []}
    )
