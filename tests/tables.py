"""Tiny pretrained token tables, as model2vec and sentence-transformers lay them out on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from ance_core.data.tokens import train_wordpiece

WIDTH = 12


def words() -> Tokenizer:
    """A WordPiece vocabulary that does not know every letter: "z" and "q" are unknown tokens."""
    text = "the light turns at night, the bell rings in the fog, a boat is in the harbour, men haul nets"
    return train_wordpiece([text] * 3, 200)


def numbers(rows: int, width: int = WIDTH, seed: int = 0) -> np.ndarray:
    """(rows, width) float32, with a mean that is not zero and lengths that differ."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((rows, width)) * rng.uniform(0.5, 5, (rows, 1)) + 0.5).astype(np.float32)


def model2vec(folder: Path, *, dtype: str = "float32", weights: bool = False, mapping: bool = False) -> Path:
    """config.json, model.safetensors, tokenizer.json; with `mapping`, two tokens share a row, as after clustering."""
    tokenizer = words()
    size = tokenizer.get_vocab_size()
    table = numbers((size + 1) // 2 if mapping else size)
    if dtype == "int8":
        table = table / np.abs(table).max() * 127
    tensors = {"embeddings": table.astype(dtype)}
    if weights:
        tensors["weights"] = np.random.default_rng(1).uniform(0.1, 2, size).astype(np.float32)
    if mapping:
        tensors["mapping"] = np.arange(size, dtype=np.int64) // 2
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors")
    tokenizer.save(str(folder / "tokenizer.json"))
    write(folder / "config.json", {"model_type": "model2vec", "normalize": True, "embedding_dtype": dtype})
    return folder


def static_embedding(folder: Path, *, inner: str = "0_StaticEmbedding", normalize: bool = True) -> Path:
    """modules.json and a StaticEmbedding in the folder `inner` ("" for the root), Normalize after it or not."""
    modules = ["StaticEmbedding"] + ["Normalize"] * normalize
    (folder / inner).mkdir(parents=True, exist_ok=True)
    save_file({"embedding.weight": numbers(words().get_vocab_size())}, folder / inner / "model.safetensors")
    words().save(str(folder / inner / "tokenizer.json"))
    paths = [inner, "1_Normalize"]
    write(
        folder / "modules.json",
        [
            {"idx": i, "name": str(i), "path": paths[i], "type": f"sentence_transformers.models.{kind}"}
            for i, kind in enumerate(modules)
        ],
    )
    if normalize:
        (folder / "1_Normalize").mkdir(exist_ok=True)
        write(folder / "1_Normalize" / "config.json", {})
    return folder


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value))
