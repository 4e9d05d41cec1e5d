"""Measure a finished run's saved model on any split, and write its ranking for other tools."""

from __future__ import annotations

from pathlib import Path

from ..data import load_dataset
from ..data.tokens import tokenize
from ..encoders import encode_corpus, load_model
from ..errors import ConfigError
from ..retrieval import build_index, evaluate, search
from ..retrieval.trec import write_trec_run
from ..runs import Run

DEPTH = 1000


def evaluate_run(
    run: Run, split: str = "test", data: str | None = None, trec_run: Path | None = None
) -> tuple[dict[str, float], str]:
    """Mean measures of the run's `model/` on a split, and the name of the dataset.

    data: another dataset than the run's own. trec_run: where to write the ranking, up to 1000 a query.
    Raises ConfigError when the run has no model yet, DataError when the split or dataset is not there.
    """
    folder = run.folder / "model"
    if not folder.is_dir():
        raise ConfigError(
            f"run '{run.name}': no model to evaluate, it is {run.status().state}: finish it first"
        )
    config = run.info["config"]
    dataset = (
        load_dataset(data)
        if data
        else load_dataset(config["data"], labels_per_query=config["labels_per_query"], seed=config["seed"])
    )
    labels = dataset.split(split).labels()
    model, tokenizer = load_model(folder)
    limits = model.config
    docs = tokenize(dataset.docs, tokenizer, limits.max_document_tokens, None)
    queries = tokenize([dataset.queries[q] for q in labels.queries], tokenizer, limits.max_query_tokens, None)
    index = build_index(encode_corpus(model, docs, None, "document", autocast=True))
    ranking = search(
        index, encode_corpus(model, queries, None, "query", autocast=True), min(DEPTH, len(dataset.docs))
    )
    if trec_run is not None:
        ids = [dataset.query_ids[q] for q in labels.queries]
        write_trec_run(trec_run, ranking, ids, dataset.doc_ids, run.name)
    means = evaluate(ranking, labels, len(dataset.docs)).mean()
    return {str(name): float(value) for name, value in means.items()}, dataset.name
