"""A finished run's model, loaded for use: what search and evaluation start from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from ..data.tokens import Tokens, tokenize
from ..encoders import encode_corpus, load_model
from ..errors import ConfigError
from ..retrieval import Ranking, build_index, search
from ..runs import Run

Side = Literal["query", "document"]
Search = Callable[[list[str], int], Ranking]
"""(texts, k) -> the k best documents for each text; fewer columns where there are fewer documents."""


class SavedModel:
    """The model in a run's `model/` folder, with its tokenizer. ConfigError when the run has saved none."""

    def __init__(self, run: Run) -> None:
        folder = run.folder / "model"
        if not folder.is_dir():
            raise ConfigError(
                f"run '{run.name}': no model to use, it is {run.status().state}: finish it first"
            )
        self._model, self._tokenizer = load_model(folder)
        self.scale = self._model.scale

    def searcher(self, documents: list[str]) -> Search:
        """Encode and index `documents`; returns a search for texts among them, by FirstP or MaxP as in training."""
        tokens = self._tokens(documents, "document")
        index = build_index(self._encode(tokens, "document"))
        most = len(documents)
        return lambda texts, k: search(
            index, self._encode(self._tokens(texts, "query"), "query"), min(k, most), tokens.passages
        )

    def _tokens(self, texts: list[str], side: Side) -> Tokens:
        config = self._model.config
        special = config.kind != "static"  # a bag of tokens has no use for [CLS]
        if side == "query":
            return tokenize(
                texts,
                self._tokenizer,
                config.max_query_tokens,
                special_tokens=special,
                prefix=config.query_prefix,
            )
        return tokenize(
            texts,
            self._tokenizer,
            config.max_document_tokens,
            special_tokens=special,
            max_passages=config.max_passages,
            prefix=config.document_prefix,
        )

    def _encode(self, tokens: Tokens, side: Side) -> np.ndarray:
        return encode_corpus(self._model, tokens, None, side, autocast=True)
