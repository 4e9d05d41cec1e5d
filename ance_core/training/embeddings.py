"""Embeddings of the current weights, computed once a step however many ask for them."""

from __future__ import annotations

import numpy as np

from ..data.tokens import TokenizedDataset
from ..encoders import DualEncoder, encode_corpus


class CurrentEmbeddings:
    """What refresh, evaluation and snapshot share: the corpus encoded at most once for a step."""

    def __init__(self, model: DualEncoder, tokens: TokenizedDataset, frozen_documents: bool = False) -> None:
        self._model, self._tokens, self._frozen = model, tokens, frozen_documents
        self._step, self._documents = -1, np.empty((0, 0), np.float32)

    def documents(self, step: int) -> np.ndarray:
        """(N, D) float32, all documents with the weights after `step` updates. Read, do not write.

        Where a document has several passages, a row a passage: `tokens.docs.passages` says whose.
        """
        if step != self._step and not (self._frozen and self._step >= 0):
            self._documents = encode_corpus(self._model, self._tokens.docs, None, "document", autocast=True)
            self._step = step
        return self._documents

    def queries(self, rows: np.ndarray) -> np.ndarray:
        """(len(rows), D) float32, the queries of these dataset rows."""
        return encode_corpus(self._model, self._tokens.queries, rows, "query", autocast=True)
