"""Search a run's corpus with its trained model: what does this model find for these words?

    for hit in search_run(store.run("ance-0"), "open a file for reading", k=5):
        print(hit.rank, hit.score, hit.text)

A `Searcher` keeps the model and the index for many queries; `search_run` makes one for a single query.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data import Dataset
from ..data.of_run import check_same, dataset_of
from ..errors import ConfigError
from ..runs import Run
from .saved import SavedModel


@dataclass(frozen=True)
class Hit:
    """One result. `judgement`: its grade, if the text searched for is a query judged on it; else None."""

    rank: int  # from 1
    score: float  # what the model was trained with: the scaled inner product
    id: str
    text: str
    judgement: int | None


class Searcher:
    """A run's final model over its whole corpus.

    dataset: the one the run was trained on, if in memory already; else it is loaded by the run's settings

    Raises ConfigError when the run has saved no model, or the dataset has changed since the training;
    DataError when it cannot be read.
    """

    def __init__(self, run: Run, dataset: Dataset | None = None) -> None:
        self._model = SavedModel(run)
        if dataset is not None:
            check_same(run, dataset)
        self.dataset = dataset if dataset is not None else dataset_of(run)
        self._search = self._model.searcher(self.dataset.docs)

    def search(self, text: str, k: int = 10) -> list[Hit]:
        """The k best documents for `text`, best first; all of them where the corpus has fewer.

        Raises ConfigError for an empty text or k below 1.
        """
        if not text.strip():
            raise ConfigError("text: empty: give some words to search for")
        if k < 1:
            raise ConfigError(f"k: {k} given: ask for at least 1 result")
        found = self._search([text], k)
        grades = judgements(self.dataset, text)
        return [
            Hit(
                rank,
                self._model.scale * score,
                self.dataset.doc_ids[doc],
                self.dataset.docs[doc],
                grades.get(doc),
            )
            for rank, (doc, score) in enumerate(
                zip(found.docs[0].tolist(), found.scores[0].tolist(), strict=True), start=1
            )
        ]


def search_run(run: Run, text: str, k: int = 10, dataset: Dataset | None = None) -> list[Hit]:
    """The k best documents of the run's corpus for `text`, by its final model; errors are Searcher's."""
    return Searcher(run, dataset).search(text, k)


def judgements(dataset: Dataset, text: str) -> dict[int, int]:
    """Document row -> grade for the dataset's query that reads `text`: all splits, withheld labels too."""
    wanted = " ".join(text.split())
    rows = [row for row, query in enumerate(dataset.queries) if " ".join(query.split()) == wanted]
    grades: dict[int, int] = {}
    for qrels in (*dataset.qrels.values(), dataset.hidden):
        here = np.isin(qrels.queries, rows)
        grades |= dict(zip(qrels.docs[here].tolist(), qrels.grades[here].tolist(), strict=True))
    return grades
