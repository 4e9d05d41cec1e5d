"""A finished run's model and data, loaded for use: what search and evaluation start from."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..data import Dataset, load_dataset
from ..data.tokens import tokenize
from ..encoders import encode_corpus, load_model
from ..errors import ConfigError
from ..runs import Run


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

    def encode(self, texts: list[str], side: Literal["query", "document"]) -> np.ndarray:
        """Embeddings (len(texts), D) float32, tokenised as in training."""
        config = self._model.config
        limit = config.max_query_tokens if side == "query" else config.max_document_tokens
        special = config.kind != "static"  # a bag of tokens has no use for [CLS]
        tokens = tokenize(texts, self._tokenizer, limit, special_tokens=special)
        return encode_corpus(self._model, tokens, None, side, autocast=True)


def dataset_of(run: Run) -> Dataset:
    """The dataset a run was trained on, masked as it was; DataError when it cannot be read.

    Raises ConfigError when its contents have changed since.
    """
    config = run.info["config"]
    dataset = load_dataset(
        config["data"], labels_per_query=config.get("labels_per_query"), seed=config["seed"]
    )
    check_same(run, dataset)
    return dataset


def check_same(run: Run, dataset: Dataset) -> None:
    """ConfigError unless `dataset` has the contents the run was trained on."""
    trained_on = (run.info.get("dataset") or {}).get("fingerprint")
    if dataset.fingerprint != trained_on:
        raise ConfigError(
            f"run '{run.name}': trained on another content of {dataset.name} ({trained_on}, now "
            f"{dataset.fingerprint}): restore the data, or train again"
        )
