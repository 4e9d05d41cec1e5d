"""Tokens made once: the texts of a dataset as ids in one flat array, ragged, memory-mapped from the cache.

Training then slices arrays. Nothing is padded in storage; a batch pads to its own longest text, or stays
ragged for encoders that need no padding.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tokenizers
from tokenizers import Tokenizer

from ..config import EncoderConfig
from ..errors import ConfigError
from .cache import cache_dir, cached_folder
from .dataset import Dataset
from .passages import Passages
from .pretrained import backend_of, load_tokenizer, pad_id_of
from .token_table import TokenTable, read_table
from .wordpiece import train_wordpiece

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["TokenizedDataset", "Tokens", "tokenize", "tokenized", "train_wordpiece"]

CACHE_VERSION = 2  # raised when the same settings would give other ids
CHUNK = 4096  # texts encoded at once: bounds the memory of the tokenizer's own records


class PrefixError(ConfigError):
    """A prefix that leaves no room for a text."""


@dataclasses.dataclass(frozen=True, eq=False)
class Tokens:
    """Token ids of N texts: text i has `ids[offsets[i]:offsets[i + 1]]`, none where the tokenizer finds nothing in it.

    With `passages`, the N texts stored are passages, of which a document has one or more.
    """

    ids: np.ndarray  # (T,) int32, memory-mapped when it comes from the cache
    offsets: np.ndarray  # (N + 1,) int64
    passages: Passages | None = None  # None: each text is a whole document, or a query

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def lengths(self) -> np.ndarray:
        """Tokens of each text, shape (N,), int64."""
        return np.diff(self.offsets)

    def ragged(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Texts `rows` (B,) end to end: flat ids (t,) int64, and offsets (B + 1,) int64 into them."""
        rows = np.asarray(rows, dtype=np.int64)
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        # Position in the batch plus, for each text, how far its storage lies from its place in the batch.
        where = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return self.ids[where].astype(np.int64), offsets

    def padded(self, rows: np.ndarray, pad_id: int) -> tuple[np.ndarray, np.ndarray]:
        """Texts `rows` (B,) as ids (B, L) int64 and mask (B, L) bool, True at tokens; L is their longest."""
        flat, offsets = self.ragged(rows)
        lengths = np.diff(offsets)
        mask = np.arange(lengths.max(initial=0)) < lengths[:, None]
        ids = np.full(mask.shape, pad_id, dtype=np.int64)
        ids[mask] = flat
        return ids, mask

    def save(self, folder: Path) -> None:
        """Write `ids.npy` and `offsets.npy`, and `passages.npy` if there are any."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.passages is not None:
            np.save(folder / "passages.npy", self.passages.starts, allow_pickle=False)
        np.save(folder / "ids.npy", self.ids, allow_pickle=False)
        np.save(folder / "offsets.npy", self.offsets, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Tokens:
        """What `save` wrote, with the ids memory-mapped read-only."""
        ids = np.load(folder / "ids.npy", mmap_mode="r", allow_pickle=False)
        offsets, starts = np.load(folder / "offsets.npy", allow_pickle=False), folder / "passages.npy"
        return cls(ids, offsets, Passages(np.load(starts, allow_pickle=False)) if starts.exists() else None)


def tokenize(
    texts: Sequence[str],
    tokenizer: Tokenizer | PreTrainedTokenizerBase,
    max_tokens: int,
    cache: Path | None = None,
    *,
    special_tokens: bool = True,
    max_passages: int = 1,
    prefix: str = "",
) -> Tokens:
    """All texts as tokens, cut to `max_tokens` (special tokens such as [CLS] included).

    max_passages: above 1, a text is cut into as many passages of `max_tokens` as it fills, at most so many, each
    with special tokens of its own; the last may be short, and what is left over is dropped. prefix: put before every
    text, and no part of what is cut.

    A text without any token stays without, as in the other programs that read a saved model: pooling makes zeros of it.
    With a `cache` folder the result is kept there and a folder that exists is used as it is: its name must stand for
    the texts and settings. ConfigError if `max_tokens` leaves no room beside prefix and special tokens.
    """
    settings = (tokenizer, max_tokens, special_tokens, max_passages, prefix)
    if cache is None:
        return _encode(texts, *settings)
    return Tokens.load(cached_folder(cache, lambda folder: _encode(texts, *settings).save(folder)))


def _encode(
    texts: Sequence[str],
    tokenizer: Any,
    max_tokens: int,
    special_tokens: bool,
    max_passages: int,
    prefix: str,
) -> Tokens:
    backend = Tokenizer.from_str(
        backend_of(tokenizer).to_str()
    )  # a copy: truncation is a state of the object
    added = backend.num_special_tokens_to_add(False) if special_tokens else 0
    if max_tokens <= added:
        raise ConfigError(f"max tokens: {max_tokens} leaves no room beside {added} special tokens: raise it")
    backend.no_padding()
    backend.no_truncation()
    if prefix and (taken := len(backend.encode(prefix, add_special_tokens=special_tokens).ids)) >= max_tokens:
        raise PrefixError(
            f"prefix: {prefix[:40]!r} takes {taken} of {max_tokens} tokens and leaves no room for a text: shorten it, or "
            "raise max tokens"
        )
    backend.enable_truncation(max_tokens)
    flat: list[np.ndarray] = []
    lengths: list[int] = []
    counts: list[int] = []
    for start in range(0, len(texts), CHUNK):
        chunk = [prefix + text for text in texts[start : start + CHUNK]]
        encoded = backend.encode_batch_fast(chunk, add_special_tokens=special_tokens)
        pieces = [[e, *e.overflowing[: max_passages - 1]] if max_passages > 1 else [e] for e in encoded]
        ids = [piece.ids for text in pieces for piece in text]
        lengths.extend(map(len, ids))
        counts.extend(map(len, pieces))
        flat.append(np.fromiter(chain.from_iterable(ids), dtype=np.int32))
    passages = Passages(_running_sum(counts)) if max_passages > 1 else None
    return Tokens(np.concatenate(flat) if flat else np.zeros(0, np.int32), _running_sum(lengths), passages)


def _running_sum(counts: list[int]) -> np.ndarray:
    """(N + 1,) int64, from 0."""
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)


@dataclasses.dataclass(frozen=True, eq=False)
class TokenizedDataset:
    """A dataset's texts as one encoder reads them."""

    tokenizer: Tokenizer | PreTrainedTokenizerBase
    queries: Tokens
    docs: Tokens  # of passages, where the encoder reads several of a document
    pad_id: int
    vocab_size: int
    special_tokens: bool  # whether texts stand between [CLS] and [SEP]; new texts must be read the same way
    table: TokenTable | None = None  # where the tokenizer came with pretrained token vectors

    def tokenize(self, texts: Sequence[str], max_tokens: int, prefix: str = "") -> Tokens:
        """New texts (a typed-in query) read as this dataset's texts were."""
        return tokenize(texts, self.tokenizer, max_tokens, special_tokens=self.special_tokens, prefix=prefix)


def tokenized(dataset: Dataset, *, encoder: EncoderConfig) -> TokenizedDataset:
    """The dataset's tokens for an encoder, made on the first call and read from the cache afterwards.

    'static' and 'mini' get a WordPiece vocabulary learnt from what training sees, documents and training queries: a
    word that people ask with and no document has would else fall into pieces that mean nothing. No query of another
    split shapes it (`encoder.vocabulary: documents`: no query at all). 'static' texts have no [CLS] and [SEP], which a
    bag of tokens has no use for. 'hf', and 'static' with a pretrained table, use the model's own tokenizer; ConfigError if
    its folder has none, or no table.
    """
    special = encoder.kind != "static"
    table = read_table(encoder.model) if encoder.kind == "static" and encoder.model else None
    own: Any = table.tokenizer if table else None
    if encoder.kind == "hf":
        own = load_tokenizer(encoder.model or "")
    limits = {"queries": encoder.max_query_tokens, "docs": encoder.max_document_tokens}
    pieces = {"queries": 1, "docs": encoder.max_passages}
    prefixes = {"queries": encoder.query_prefix, "docs": encoder.document_prefix}
    setting = backend_of(own).to_str() if own is not None else encoder.vocab_size
    settings: list[Any] = [setting, special, limits, CACHE_VERSION, tokenizers.__version__]
    asked = [] if own is not None or encoder.vocabulary == "documents" else _training_queries(dataset)
    settings += [pieces] * (encoder.max_passages > 1)
    settings += [prefixes] * any(prefixes.values())
    key = _cache_key(dataset, settings + [{"asked": asked}] * bool(asked))

    def build(folder: Path) -> None:
        tokenizer = own if own is not None else _learn_wordpiece(encoder, dataset.docs, asked)
        backend_of(tokenizer).save(str(folder / "tokenizer.json"))
        for name, side, texts in (("queries", "query", dataset.queries), ("docs", "document", dataset.docs)):
            options: Any = {"special_tokens": special, "max_passages": pieces[name], "prefix": prefixes[name]}
            try:
                tokens = tokenize(texts, tokenizer, limits[name], **options)
            except PrefixError as error:
                raise ConfigError(f"encoder.{side}_{error} (encoder.max_{side}_tokens)") from None
            tokens.save(folder / name)

    folder = cached_folder(cache_dir() / "tokens" / key, build)
    tokenizer = own if own is not None else Tokenizer.from_file(str(folder / "tokenizer.json"))
    queries, docs = Tokens.load(folder / "queries"), Tokens.load(folder / "docs")
    size = table.rows if table else backend_of(tokenizer).get_vocab_size(with_added_tokens=True)
    return TokenizedDataset(tokenizer, queries, docs, pad_id_of(tokenizer), size, special, table)


def _learn_wordpiece(encoder: EncoderConfig, docs: Sequence[str], asked: Sequence[str]) -> Tokenizer:
    texts = [encoder.document_prefix + text for text in docs] + [
        encoder.query_prefix + text for text in asked
    ]
    return train_wordpiece(texts, encoder.vocab_size)


def _training_queries(dataset: Dataset) -> list[str]:
    """The texts of the queries of train, each once, in the order of their rows."""
    train = dataset.qrels.get("train")
    return [] if train is None else [dataset.queries[row] for row in np.unique(train.queries)]


def _cache_key(dataset: Dataset, settings: list[Any]) -> str:
    """A hash of the texts and settings. Not the fingerprint: masking labels changes that, but no token."""
    digest = hashlib.sha256(json.dumps([settings, dataset.queries, dataset.docs]).encode())
    return digest.hexdigest()[:24]
