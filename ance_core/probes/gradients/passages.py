"""Documents of several passages (MaxP): an instance's gradient is that of the passages that win.

A document's score is its best passage's. Unless two tie, a small change of the weights leaves the winner the winner,
so the gradient of the score is the winner's, and an instance of documents is measured as one of passages.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...encoders import DualEncoder, encode_corpus
from ...errors import ConfigError
from .instances import Instances

if TYPE_CHECKING:
    from ...data.tokens import TokenizedDataset

PART = 256  # instances at a time: bounds the (instances, 1 + n, passages, D) vectors


def by_passage(model: DualEncoder, tokens: TokenizedDataset, instances: Instances) -> Instances:
    """The same instances, every document replaced by the row of the passage that scores best for the anchor.

    Unchanged where a document is one text. ConfigError for dual instances, whose anchors are documents.
    """
    passages = tokens.docs.passages
    if passages is None:
        return instances
    if instances.dual:
        raise ConfigError(
            "probe: documents as anchors need one vector each; probe a run with encoder.max_passages 1"
        )
    filled = instances.negatives >= 0
    own = instances.positives[:, None]
    docs = np.concatenate([own, np.where(filled, instances.negatives, own)], axis=1)
    different, at = np.unique(docs, return_inverse=True)
    rows, place = passages.expand(different)
    vectors = encode_corpus(model, tokens.docs, rows)
    anchors = encode_corpus(model, tokens.queries, instances.anchors, "query")
    best = np.empty(docs.shape, np.int64)
    for start in range(0, len(docs), PART):
        part = slice(start, start + PART)
        cells = place[at.reshape(docs.shape)[part]]  # (b, 1 + n, passages)
        products = np.einsum("bd,bkpd->bkp", anchors[part], vectors[cells])
        winner = products.argmax(axis=2)[:, :, None]
        best[part] = rows[np.take_along_axis(cells, winner, axis=2)[:, :, 0]]
    return replace(instances, positives=best[:, 0], negatives=np.where(filled, best[:, 1:], -1))
