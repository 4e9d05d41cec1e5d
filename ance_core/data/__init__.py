"""Datasets: read, split, fingerprinted, masked.

from ance_core.data import load_dataset
data = load_dataset("tiny")
data.qrels["train"].labels()
"""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

from ..config import ReadingConfig, parse
from .assemble import PLAIN, assemble
from .built import remember
from .cache import cache_dir
from .dataset import Built, Dataset, Labels, Qrels
from .declared import Declared, read_declared
from .embedded import Place, dataset_names, locate
from .formats import read_collection
from .masking import mask_labels
from .problems import Problems
from .split_names import SPLITS

__all__ = [
    "SPLITS",
    "Dataset",
    "Declared",
    "Labels",
    "Qrels",
    "cache_dir",
    "dataset_names",
    "load_dataset",
    "load_place",
    "mask_labels",
]

logger = logging.getLogger(__name__)


def load_dataset(
    name_or_path: str | Path, *, labels_per_query: int | None = None, seed: int = 0, **reading: Any
) -> Dataset:
    """The dataset of that name (see `dataset_names`), or the one in that folder or file.

    With `labels_per_query`, at most so many relevant documents of each training query are kept, chosen by a
    hash of (`seed`, query id, document id); the others become `Dataset.hidden`. Without a dev split one is
    cut from train. reading: how its files are read, `strict`, `columns`, `fold`, `ignore_identical_ids` (see
    `ReadingConfig`); ConfigError for others. What the collection declares as its defaults is not applied here, but stands in
    `Dataset.declared`. DataError, on one line with file and line number, for anything that would break training.
    """
    how: ReadingConfig = parse(ReadingConfig, reading, "load_dataset")
    return load_place(locate(name_or_path), how, labels_per_query=labels_per_query, seed=seed)


def load_place(
    place: Place,
    reading: ReadingConfig = PLAIN,
    *,
    labels_per_query: int | None = None,
    seed: int = 0,
    cut_named: bool = False,
) -> Dataset:
    """The dataset at a place that `embedded.locate` has found; a copy of a built collection is noted for later.

    cut_named: see `assemble`.
    """
    problems = Problems()
    found = read_collection(place.where, problems, reading.columns)
    declared = read_declared(place.name if place.facts else Path(place.where), problems)
    dataset = assemble(found, problems, place.name, place.source, reading, cut_named)
    dataset = dataclasses.replace(dataset, declared=declared)
    for warning in problems.warnings:
        logger.warning("%s", warning)
    if place.facts:
        remember(dataset.fingerprint, Path(place.where))
        made = Built(place.name, dataset.fingerprint, dict(place.facts["versions"]))
        dataset = dataclasses.replace(dataset, built=made)
    return dataset if labels_per_query is None else mask_labels(dataset, labels_per_query, seed)
