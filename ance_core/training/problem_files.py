"""What mining needs of a problem, as files: tokens and labels, no texts.

So a second process mines on the very tokens that training sees, wherever the dataset came from: a folder that
has changed since, a name, or the memory of a notebook.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
from safetensors.numpy import load_file, save

from ..data import Dataset, Labels, Qrels
from ..data.tokens import TokenizedDataset, Tokens
from ..runs.files import writing
from .problem import Problem

LABELS, SIZES = "labels.safetensors", "problem.json"
LABEL_ARRAYS = ("queries", "indptr", "docs", "grades", "own")


def write_problem(folder: Path, problem: Problem) -> None:
    """Write tokens and labels into a folder. StoreError if the disk refuses."""
    tokens, labels = problem.tokens, problem.labels
    with writing(folder):
        tokens.docs.save(folder / "docs")
        tokens.queries.save(folder / "queries")
        present = [name for name in LABEL_ARRAYS if getattr(labels, name) is not None]
        arrays = {name: np.ascontiguousarray(getattr(labels, name)) for name in present}
        (folder / LABELS).write_bytes(save(arrays))
        sizes = {"name": problem.dataset.name, "pad_id": tokens.pad_id, "vocab_size": tokens.vocab_size}
        (folder / SIZES).write_text(json.dumps(sizes), encoding="utf-8")


def read_problem(folder: Path) -> Problem:
    """The problem again, good for mining: its dataset has the right size and no text in it, and no tokenizer."""
    sizes = json.loads((folder / SIZES).read_text(encoding="utf-8"))
    docs, queries = Tokens.load(folder / "docs"), Tokens.load(folder / "queries")
    n_docs = len(docs if docs.passages is None else docs.passages)
    tokens = TokenizedDataset(
        cast(Any, None), queries, docs, sizes["pad_id"], sizes["vocab_size"], special_tokens=False
    )
    dataset = Dataset(
        name=sizes["name"],
        doc_ids=[""] * n_docs,
        docs=[""] * n_docs,
        query_ids=[""] * len(queries),
        queries=[""] * len(queries),
        qrels={},
        hidden=Qrels.of([], [], []),
        fingerprint="",
        source="tokens and labels alone",
    )
    return Problem(dataset, tokens, Labels(**load_file(folder / LABELS)))
