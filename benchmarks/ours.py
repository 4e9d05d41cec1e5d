"""This package's side of the duels: the real training loop, corpus encoding, a refresh."""

from __future__ import annotations

from typing import Any

from ance_core.config import EncoderConfig
from ance_core.data import Dataset
from ance_core.data.tokens import tokenize
from ance_core.encoders import build_encoder, encode_corpus

from .corpus import TOKENS, full_texts, natural_texts
from .duel import Turns
from .sitting import NO_MILESTONES, Enough, pool_settings, watch_training


def train(
    turns: Turns, kind: str, steps: int, threads: int, limit: int | None = None, milestones: bool = False
) -> None:
    """Blocks of `steps` updates of a run with BM25 negatives: scalars and every drawn negative recorded.

    milestones: also evaluation, snapshots and checkpoints as often as by default.
    """
    texts = full_texts(EncoderConfig(kind=kind), limit)
    settings = {
        "encoder": {"kind": kind},
        "recipe": "bm25",
        "record": {} if milestones else NO_MILESTONES,
        "threads": threads,
    }
    _train(turns, texts.dataset, steps, settings)


def refresh(turns: Turns, kind: str, threads: int, limit: int | None = None) -> None:
    """Blocks of one refresh: an ANCE run that mines anew before each update, that one update included."""
    texts = natural_texts(EncoderConfig(kind=kind), limit)
    settings = {
        "encoder": {"kind": kind},
        "recipe": "ance",
        "refresh": {"mode": "sync", "every": 1},
        "record": NO_MILESTONES,
        "negatives": pool_settings(texts.dataset),
        "threads": threads,
    }
    _train(turns, texts.dataset, 1, settings)


def _train(turns: Turns, dataset: Dataset, steps: int, settings: dict[str, Any]) -> None:
    done = 0

    def watch(training: Any) -> None:
        nonlocal done
        if done and done % steps == 0:
            turns.lap("", steps)
            turns.give()
        if done % steps == 0 and not turns.take():
            raise Enough
        done += 1

    watch_training(dataset, settings, watch)


def encode(turns: Turns, kind: str, limit: int | None = None) -> None:
    """Blocks of three passes over all documents: "made once" from tokens, "raw" from text, "natural" lengths."""
    config = EncoderConfig(kind=kind)
    full, natural = full_texts(config, limit), natural_texts(config, limit)
    tokens = full.tokens
    model = build_encoder(config, full.dataset, tokens, 0)
    while turns.take():
        encode_corpus(model, tokens.docs, autocast=True)
        turns.lap("made once", len(full.cut))
        docs = tokenize(full.cut, tokens.tokenizer, TOKENS, special_tokens=tokens.special_tokens)
        encode_corpus(model, docs, autocast=True)
        turns.lap("raw", len(full.cut))
        encode_corpus(model, natural.tokens.docs, autocast=True)
        turns.lap("natural", len(natural.cut))
        turns.give()
