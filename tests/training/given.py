"""`tiny` with negatives as if they had come with its files, for the recipe that draws them."""

import dataclasses

import numpy as np

from ance_core.data import Dataset, Qrels, load_dataset
from ance_core.recipes import RECIPES


def data_for(recipe: str) -> Dataset | None:
    """What a recipe needs beside the dataset of its settings: of `given` four negatives a training query, else nothing."""
    if "given" not in RECIPES[recipe].pools or recipe == "mixture":
        return None
    data = load_dataset("tiny")
    train = data.qrels["train"].relevant()
    queries = np.unique(train.queries)
    docs = [
        np.setdiff1d(np.arange(len(data.docs)), train.docs[train.queries == query])[::-5][:4]
        for query in queries
    ]
    flat = np.concatenate(docs).astype(np.int32)
    given = Qrels(np.repeat(queries, [len(own) for own in docs]), flat, np.zeros(len(flat), np.int16))
    return dataclasses.replace(data, given=given)
