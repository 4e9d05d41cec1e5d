"""What both sides read: the Python documentation, as it is or joined into documents of 128 tokens each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ance_core.config import EncoderConfig
from ance_core.data import Dataset, load_dataset
from ance_core.data.tokens import TokenizedDataset, tokenized
from ance_core.training.mining import mine_bm25

TOKENS = 128


@dataclass(frozen=True)
class Texts:
    """A dataset, its tokens for one encoder, and its documents as text cut to the tokens that training sees."""

    dataset: Dataset
    tokens: TokenizedDataset
    cut: list[str]


def full_texts(encoder: EncoderConfig, limit: int | None = None) -> Texts:
    """Documents of exactly 128 tokens, [CLS] and [SEP] included where the encoder has them.

    Document i is passage i followed by as many of the next passages as it takes. `limit`: only so many.
    """
    base = load_dataset("pydocs:stdlib")
    docs = _joined(base.docs)
    dataset = replace(base, name="pydocs-full", docs=docs, fingerprint=base.fingerprint[::-1])
    return _texts(_limited(dataset, limit), encoder)


def natural_texts(encoder: EncoderConfig, limit: int | None = None) -> Texts:
    """The passages as they are, cut at 128 tokens."""
    return _texts(_limited(load_dataset("pydocs:stdlib"), limit), encoder)


def triplets(texts: Texts, seed: int = 0) -> dict[str, list[str]]:
    """anchor, positive, negative: every training query with its passage and one BM25 negative of its top 200."""
    labels = texts.dataset.split("train").labels()
    pool = mine_bm25(texts.dataset, labels, min(200, len(texts.dataset.docs) - 1))
    rng = np.random.default_rng(seed)
    has = np.flatnonzero(pool.sizes > 0)
    pick = (rng.random(len(has)) * pool.sizes[has]).astype(int)
    return {
        "anchor": [texts.dataset.queries[labels.queries[q]] for q in has],
        "positive": [texts.cut[labels.docs[labels.indptr[q]]] for q in has],
        "negative": [texts.cut[d] for d in pool.docs[has, pick]],
    }


def _joined(passages: list[str]) -> list[str]:
    """Each passage with those after it until 128 words are there, hence 128 tokens at least."""
    words = [passage.split() for passage in passages]
    joined = []
    for start in range(len(words)):
        text: list[str] = []
        at = start
        while len(text) < TOKENS:
            text += words[at % len(words)]
            at += 1
        joined.append(" ".join(text))
    return joined


def _limited(dataset: Dataset, limit: int | None) -> Dataset:
    """The first `limit` documents and what is judged among them."""
    if limit is None or limit >= len(dataset.docs):
        return dataset
    qrels = {name: judged.take(judged.docs < limit) for name, judged in dataset.qrels.items()}
    return replace(
        dataset,
        docs=dataset.docs[:limit],
        doc_ids=dataset.doc_ids[:limit],
        qrels=qrels,
        fingerprint=f"{limit:016x}",
    )


def _texts(dataset: Dataset, encoder: EncoderConfig) -> Texts:
    tokens = tokenized(dataset, encoder=encoder)
    return Texts(dataset, tokens, _cut(dataset.docs, tokens))


def _cut(docs: list[str], tokens: TokenizedDataset) -> list[str]:
    """Texts up to the last token that training reads: sentence-transformers' static module cuts none itself."""
    tokenizer: Any = tokens.tokenizer
    room = TOKENS - (tokenizer.num_special_tokens_to_add(False) if tokens.special_tokens else 0)
    encoded = tokenizer.encode_batch(docs, add_special_tokens=False)
    return [
        doc[: e.offsets[room - 1][1]] if len(e.ids) > room else doc
        for doc, e in zip(docs, encoded, strict=True)
    ]
