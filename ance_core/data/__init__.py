"""Datasets: read, split, fingerprinted, masked.

from ance_core.data import load_dataset
data = load_dataset("tiny")
data.qrels["train"].labels()
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from .assemble import assemble
from .cache import cache_dir
from .dataset import Dataset, Labels, Qrels
from .declared import Declared, read_declared
from .embedded import dataset_names, locate
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
    "mask_labels",
]

logger = logging.getLogger(__name__)


def load_dataset(name_or_path: str | Path, *, labels_per_query: int | None = None, seed: int = 0) -> Dataset:
    """The dataset of that name (see `dataset_names`), or the one in that folder or file.

    With `labels_per_query`, at most so many relevant documents of each training query are kept, chosen by a
    hash of (`seed`, query id, document id); the others become `Dataset.hidden`. Without a dev split one is
    cut from train. What the collection declares as its defaults is not applied here, but stands in
    `Dataset.declared`. DataError, on one line with file and line number, for anything that would break training.
    """
    problems = Problems()
    place = locate(name_or_path)
    found = read_collection(place.where, problems)
    declared = read_declared(name_or_path, problems)
    dataset = replace(assemble(found, problems, place.name, place.source), declared=declared)
    for warning in problems.warnings:
        logger.warning("%s", warning)
    return dataset if labels_per_query is None else mask_labels(dataset, labels_per_query, seed)
