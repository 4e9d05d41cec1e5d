"""Encoders, text to vector: `static`, from the corpus or a pretrained table, `mini`, any pretrained model; in pairs."""

from .batch import TokenBatch
from .dual import DualEncoder, build_encoder
from .encode import encode_corpus
from .export import load_model, save_model
from .precision import resolve_precision

__all__ = [
    "DualEncoder",
    "TokenBatch",
    "build_encoder",
    "encode_corpus",
    "load_model",
    "resolve_precision",
    "save_model",
]
