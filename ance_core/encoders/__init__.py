"""Encoders: text to vector. `static`, `mini` (a small transformer) and any pretrained model, as dual encoders."""

from ance_core.encoders.batch import TokenBatch
from ance_core.encoders.dual import DualEncoder, build_encoder
from ance_core.encoders.encode import encode_corpus
from ance_core.encoders.precision import resolve_precision

__all__ = ["DualEncoder", "TokenBatch", "build_encoder", "encode_corpus", "resolve_precision"]
