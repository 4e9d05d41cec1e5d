"""Sentence-transformers folders as others publish them, and our untrained encoder from one."""

from __future__ import annotations

from typing import Any

from sentence_transformers import models

from ance_core.data.pretrained import load_tokenizer
from ance_core.data.tokens import tokenize, tokenized
from ance_core.encoders import build_encoder, encode_corpus
from ance_core.training.settings import resolve

PROMPTS = {"query": "query: ", "document": "passage: "}


def transformer(folder: Any, length: int = 30) -> Any:
    """Their first module, cutting at `length`, padding at the end."""
    module = models.Transformer(str(folder))
    module.max_seq_length = length
    if module.tokenizer.pad_token is None:
        module.tokenizer.pad_token = module.tokenizer.eos_token
    module.tokenizer.padding_side = "right"
    module.tokenizer.model_input_names = ["input_ids", "attention_mask"]
    return module


def encoder_of(folder, **said):
    return resolve(
        {"data": "tiny", "encoder": {"kind": "hf", "model": str(folder), "precision": "fp32", **said}}
    ).encoder


def ours(encoder, dataset, texts, side):
    """Vectors of the untrained encoder, (N, dim)."""
    tokens = tokenized(dataset, encoder=encoder)
    model = build_encoder(encoder, dataset, tokens, 0)
    read = tokenize(
        texts,
        load_tokenizer(encoder.model),
        getattr(encoder, f"max_{side}_tokens"),
        prefix=getattr(encoder, f"{side}_prefix"),
    )
    return encode_corpus(model, read, None, side)
