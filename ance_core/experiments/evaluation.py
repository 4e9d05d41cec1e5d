"""Measure a finished run's saved model on any split, and write its ranking for other tools."""

from __future__ import annotations

from pathlib import Path

from ..data import load_dataset
from ..data.of_run import dataset_of
from ..retrieval import evaluate
from ..retrieval.trec import write_trec_run
from ..runs import Run
from .saved import SavedModel

DEPTH = 1000


def evaluate_run(
    run: Run, split: str = "test", data: str | None = None, trec_run: Path | None = None
) -> tuple[dict[str, float], str]:
    """Mean measures of the run's `model/` on a split, and the name of the dataset.

    data: another dataset than the run's own. trec_run: where to write the ranking, up to 1000 a query.
    Raises ConfigError when the run has no model yet or its data has changed, DataError when the split or
    dataset is not there.
    """
    model = SavedModel(run)
    dataset = load_dataset(data) if data else dataset_of(run)
    labels = dataset.split(split).labels()
    ranking = model.searcher(dataset.docs)([dataset.queries[q] for q in labels.queries], DEPTH)
    if trec_run is not None:
        ids = [dataset.query_ids[q] for q in labels.queries]
        write_trec_run(trec_run, ranking, ids, dataset.doc_ids, run.name)
    means = evaluate(ranking, labels, len(dataset.docs)).mean()
    return {str(name): float(value) for name, value in means.items()}, dataset.name
