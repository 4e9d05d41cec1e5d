"""sentence-transformers' side of the duels: its trainer, its `encode`, its `mine_hard_negatives`.

Models: `same` is the folder this package saves, so tokenizer, architecture and weights are equal; `dropout` is
that with the dropout of .1 that BERT has by default; `bare` is its StaticEmbedding alone, which leaves out our
token weights, residual MLP and head.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets import Dataset as Table
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import Router, StaticEmbedding
from sentence_transformers.util import mine_hard_negatives
from tokenizers import Tokenizer
from transformers import TrainerCallback

from ance_core.config import EncoderConfig
from ance_core.encoders import build_encoder, save_model

from .corpus import Texts, full_texts, natural_texts, triplets
from .duel import Turns
from .sitting import ENDLESS, pool_settings

BATCH = 32
ROUTES = {
    "anchor": "query",
    "positive": "document",
    "negative": "document",
}  # of an export with lengths a side


class _Clock(TrainerCallback):
    """Ends a block every `steps` steps. What lies between two steps (loading, tokenising) belongs to the block."""

    def __init__(self, turns: Turns, steps: int) -> None:
        self.turns, self.steps = turns, steps

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step % self.steps and state.global_step > 1:
            return
        if state.global_step > 1:
            self.turns.lap("", self.steps)
            self.turns.give()
        control.should_training_stop = not self.turns.take()


def train(turns: Turns, kind: str, model: str, steps: int, limit: int | None = None) -> None:
    """Blocks of `steps` steps of its trainer with its default arguments, batches of 32 triplets."""
    texts = full_texts(EncoderConfig(kind=kind), limit)
    student = _model(kind, model, texts)
    trainer = SentenceTransformerTrainer(
        model=student,
        args=SentenceTransformerTrainingArguments(
            output_dir="theirs",
            max_steps=ENDLESS,
            per_device_train_batch_size=BATCH,
            router_mapping=ROUTES if isinstance(student[0], Router) else {},
        ),
        train_dataset=Table.from_dict(triplets(texts)),
        loss=MultipleNegativesRankingLoss(student),
        callbacks=[_Clock(turns, steps)],
    )
    trainer.train()


def encode(turns: Turns, kind: str, limit: int | None = None) -> None:
    """Blocks of two passes over all documents in its default batches of 32: "full" and "natural" lengths."""
    config = EncoderConfig(kind=kind)
    full, natural = full_texts(config, limit), natural_texts(config, limit)
    encoder = _model(kind, "same", full)
    while turns.take():
        encoder.encode(full.cut, batch_size=BATCH)
        turns.lap("full", len(full.cut))
        encoder.encode(natural.cut, batch_size=BATCH)
        turns.lap("natural", len(natural.cut))
        turns.give()


def refresh(turns: Turns, kind: str, negatives: int, limit: int | None = None) -> None:
    """Blocks of one `mine_hard_negatives` for all training queries: ranks up to 200, `negatives` of them kept."""
    texts = natural_texts(EncoderConfig(kind=kind), limit)
    encoder = _model(kind, "same", texts)
    labels = texts.dataset.split("train").labels()
    pairs = Table.from_dict(
        {
            "anchor": [texts.dataset.queries[q] for q in labels.queries],
            "positive": [texts.cut[d] for d in labels.docs],
        }
    )
    depth = pool_settings(texts.dataset)["pool_depth"]
    while turns.take():
        mine_hard_negatives(
            pairs,
            encoder,
            corpus=texts.cut,
            range_max=depth,
            num_negatives=min(negatives, depth),
            sampling_strategy="top" if negatives > 1 else "random",
            output_format="n-tuple",
            batch_size=BATCH,
            verbose=False,
        )
        turns.lap("")
        turns.give()


def _model(kind: str, model: str, texts: Texts) -> SentenceTransformer:
    config = EncoderConfig(kind=kind, dropout=0.1 if model == "dropout" else 0.0)
    if model == "bare":
        tokenizer = Tokenizer.from_str(texts.tokens.tokenizer.to_str())
        return SentenceTransformer(
            modules=[StaticEmbedding(tokenizer, embedding_dim=config.dim)], device="cpu"
        )
    folder = Path("model")
    save_model(build_encoder(config, texts.dataset, texts.tokens, 0), texts.tokens, folder)
    return SentenceTransformer(str(folder), device="cpu")
