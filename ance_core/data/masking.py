"""Label masking: training keeps n judged positives a query, the rest become known hidden relevants.

On a collection with several positives a query this makes false negatives that are known, not guessed: a
sampler may draw a hidden relevant, since training does not know it, and an audit can count how often it did.
"""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np

from ..errors import DataError
from .dataset import Dataset, Qrels
from .fingerprint import fingerprint


def mask_labels(dataset: Dataset, labels_per_query: int, seed: int = 0) -> Dataset:
    """The dataset with at most `labels_per_query` relevant documents for each training query.

    The kept ones are those that were clicked (`Dataset.clicks`), then those of the highest grade, among equals those
    with the smallest hash of (seed, query id, document id), so the choice does not depend on any order, and the labels
    kept with n are among those kept with n + 1. Judgements of grade <= 0 and the other splits stay. Raises DataError
    for a number below 1.
    """
    if labels_per_query < 1:
        raise DataError(f"labels_per_query: {labels_per_query} given; training needs 1 or more a query")
    train = dataset.split("train")
    rank = _rank_within_query(dataset, train, seed)
    withheld = (train.grades >= 1) & (rank >= labels_per_query)
    qrels = {**dataset.qrels, "train": train.take(~withheld)}
    hidden = train.take(withheld)
    texts = dataset.doc_ids, dataset.docs, dataset.query_ids, dataset.queries
    digest = fingerprint(*texts, qrels, hidden, dataset.marks)
    note = f"{dataset.source}; labels per query {labels_per_query}, {len(hidden):,} hidden (seed {seed})"
    return dataclasses.replace(dataset, qrels=qrels, hidden=hidden, fingerprint=digest, source=note)


def _rank_within_query(dataset: Dataset, train: Qrels, seed: int) -> np.ndarray:
    """Place of each judgement among those of its query: clicks, grade, then hash; from 0; shape (M,), int64."""
    keys = np.fromiter(
        (
            _hash(seed, dataset.query_ids[q], dataset.doc_ids[d])
            for q, d in zip(train.queries, train.docs, strict=True)
        ),
        dtype=np.uint64,
        count=len(train),
    )
    clicked = train.among(dataset.clicks)
    order = np.lexsort(
        (keys, -train.grades, ~clicked, train.queries)
    )  # clicks, then the highest grade, within a query
    first = np.searchsorted(train.queries, train.queries)  # train is sorted by query
    rank = np.empty(len(train), dtype=np.int64)
    rank[order] = np.arange(len(train)) - first[order]
    return rank


def _hash(seed: int, query_id: str, doc_id: str) -> int:
    key = f"{seed}\0{query_id}\0{doc_id}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big")
