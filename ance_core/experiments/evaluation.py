"""Measure a finished run's saved model on any split, and write its ranking for other tools."""

from __future__ import annotations

from pathlib import Path

from ..config import ReadingConfig
from ..data import load_place
from ..data.assemble import PLAIN
from ..data.embedded import locate
from ..data.of_run import dataset_of
from ..errors import ConfigError
from ..retrieval import evaluate, leave_out
from ..retrieval.trec import write_trec_run
from ..runs import Run
from .saved import SavedModel

DEPTH = 1000


def evaluate_run(
    run: Run,
    split: str = "test",
    data: str | None = None,
    trec_run: Path | None = None,
    reading: ReadingConfig | None = None,
) -> tuple[dict[str, float], str]:
    """Mean measures of the run's `model/` on a split, and the name of the dataset.

    data: another dataset than the run's own, read as `reading` says. trec_run: where to write the ranking, up to 1000 a
    query.
    Raises ConfigError when the run has no model yet or its data has changed, DataError when the split or
    dataset is not there.
    """
    if reading and reading.given() and not data:
        raise ConfigError(
            "data: says how another dataset is read, and none is named; the run's own is read as in training"
        )
    model = SavedModel(run)
    dataset = load_place(locate(data), reading or PLAIN) if data else dataset_of(run)
    labels = dataset.labels(dataset.split(split))
    search = model.searcher(dataset.docs)
    found = search([dataset.queries[q] for q in labels.queries], DEPTH + (labels.own is not None))
    ranking = leave_out(found, labels.own, min(DEPTH, len(dataset.docs)))
    if trec_run is not None:
        ids = [dataset.query_ids[q] for q in labels.queries]
        write_trec_run(trec_run, ranking, ids, dataset.doc_ids, run.name)
    means = evaluate(ranking, labels, len(dataset.docs)).mean()
    return {str(name): float(value) for name, value in means.items()}, dataset.name
