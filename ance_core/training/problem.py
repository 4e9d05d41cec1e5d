"""What every run of a comparison shares and nothing changes: dataset, tokens, labels, hidden relevants."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..config import FilterConfig, RecordConfig, RunConfig
from ..data import Dataset, Labels, load_place
from ..data.embedded import locate
from ..data.masking import mask_labels
from ..data.tokens import TokenizedDataset, tokenized
from ..errors import ConfigError
from ..rng import generator
from ..samplers import Pool
from ..samplers.filters import filter_pool, refuse_empty
from .mining import given_pool, mine_bm25, owners
from .mirror import Mirror


@dataclass(frozen=True, eq=False)
class Problem:
    """A dataset made ready for training. labels: those of the train split that training may see."""

    dataset: Dataset
    tokens: TokenizedDataset
    labels: Labels

    @property
    def n_docs(self) -> int:
        """Documents in the corpus."""
        return len(self.dataset.docs)

    @cached_property
    def _hidden_keys(self) -> np.ndarray:
        hidden = self.dataset.hidden
        return np.sort(hidden.queries.astype(np.int64) * self.n_docs + hidden.docs)

    def is_hidden(self, rows: np.ndarray, docs: np.ndarray) -> np.ndarray:
        """Whether documents (B, n) are relevants withheld from training queries `rows` (B,); same shape, bool."""
        keys = self.labels.queries[rows].astype(np.int64)[:, None] * self.n_docs + docs
        at = np.searchsorted(self._hidden_keys, keys)
        return (at < len(self._hidden_keys)) & (np.append(self._hidden_keys, -1)[at] == keys)

    def is_wrong(self, queries: np.ndarray, docs: np.ndarray) -> np.ndarray:
        """Whether the label `docs` (n,) of the dataset's `queries` (n,) is known to be wrong; (n,) bool."""
        wrong = self.dataset.wrong
        keys = wrong.queries.astype(np.int64) * self.n_docs + wrong.docs
        return np.isin(queries.astype(np.int64) * self.n_docs + docs, keys)

    def count_judged(self, pool: Pool) -> int:
        """How many candidates of a pool are judged positives of their query: 0, unless a preset leaks them."""
        keys = np.arange(len(self.labels.queries))[:, None] * self.n_docs + pool.docs
        judged = owners(self.labels) * self.n_docs + self.labels.docs
        return int(np.isin(keys[pool.docs >= 0], judged).sum())

    @cached_property
    def mirror(self) -> Mirror:
        """The labels from the documents' side, for dual objectives."""
        return Mirror.of(self.labels)

    def bm25_pool(self, depth: int, filters: FilterConfig) -> Pool:
        """Candidates by BM25, filtered; mined at first use and kept. ConfigError if the filter leaves nobody any."""
        key = (depth, repr(filters))
        if key not in self._bm25:
            if filters.given():
                pool = filter_pool(self.bm25_pool(depth, FilterConfig()), self.labels, filters)
                refuse_empty(pool, filters)
            else:
                pool = mine_bm25(self.dataset, self.labels, depth)
            self._bm25[key] = pool
        return self._bm25[key]

    @cached_property
    def _bm25(self) -> dict[tuple[int, str], Pool]:
        return {}

    def given_pool(self, depth: int) -> Pool:
        """The negatives that came with the files. ConfigError where no training query has any."""
        key = (depth, "given")
        if key not in self._bm25:
            self._bm25[key] = given_pool(self.dataset, self.labels, depth)
        return self._bm25[key]

    def eval_labels(self, split: str, limit: int | None = None) -> Labels | None:
        """Labels of a split, at most `limit` queries of it by a fixed draw; None where the split is absent."""
        qrels = self.dataset.qrels.get(split)
        if qrels is None or not len(qrels.relevant()):
            return None
        labels = self.dataset.labels(qrels)
        if limit is None or len(labels) <= limit:
            return labels
        chosen = np.sort(generator(0, f"eval sample {split}").permutation(len(labels))[:limit])
        keep = np.isin(qrels.queries, labels.queries[chosen])
        return self.dataset.labels(qrels.take(keep))

    def query_ids(self, labels: Labels) -> list[str]:
        """The ids of the queries of `labels`, in their order."""
        return [self.dataset.query_ids[row] for row in labels.queries]

    def watched(self, record: RecordConfig) -> dict[str, Labels]:
        """By split, the labels of the samples that are evaluated while training.

        ConfigError for a split that is not there. A dev split without labels is passed over, as it is the default.
        """
        found = {split: self.eval_labels(split, record.eval_queries) for split in record.eval_splits}
        for split, labels in found.items():
            if labels is None and split != "dev":
                others = [
                    name for name in self.dataset.qrels if name != "train" and not name.startswith("test")
                ]
                known = [name for name in others if self.eval_labels(name) is not None]
                raise ConfigError(
                    f"record.eval_splits: {self.dataset.name} has no {split!r} split with labels; "
                    f"choose from {', '.join(known) or 'none'}"
                )
        return {split: labels for split, labels in found.items() if labels is not None}


def load_problem(config: RunConfig, dataset: Dataset | None = None) -> Problem:
    """Dataset and tokens for a config. A dataset already in memory is used instead of the one that `config.data` names;
    labels that the config withholds are withheld from it, unless some are already.

    Raises DataError for a dataset that would break training.
    """
    if dataset is None:
        place, kept = locate(config.data.name), config.labels_per_query
        dataset = load_place(place, config.data.reading, labels_per_query=kept, seed=config.seed)
    elif config.labels_per_query is not None and not len(dataset.hidden):
        dataset = mask_labels(dataset, config.labels_per_query, config.seed)
    labels = dataset.labels(dataset.split("train"))
    return Problem(dataset, tokenized(dataset, encoder=config.encoder), labels)
