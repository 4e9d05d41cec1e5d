"""Bias and variance of each sampler's gradient at a checkpoint, with every negative of some queries enumerated."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ConfigError
from ..probes.gradients.variance import QueryVariance, query_variance
from ..recipes import RECIPES
from ..runs import Run, probes
from ..samplers import QueryBatch
from ..training.probing import probe_batches
from .probe import Moment, Watch, asked_of_each, load_moment, sampler_at, sampler_names

CLOSED_FORM = ("p ~ loss", "p ~ output norm")
"""Distributions over all negatives that need no gradient of a parameter."""
LARGEST = 20_000
"""Documents beyond which enumerating every negative takes too long to be meant."""


def check_variance(run: Run) -> None:
    """ConfigError for a run of which not every negative can be enumerated: too many documents, or several passages each."""
    documents = int((run.info.get("dataset") or {}).get("docs") or 0)
    passages = (run.info["config"].get("encoder") or {}).get("max_passages") or 1
    if documents > LARGEST:
        raise ConfigError(
            f"variance: every one of {documents} documents would be measured for each query; the most is "
            f"{LARGEST}: use a smaller corpus, or leave --variance out"
        )
    if passages > 1:
        raise ConfigError(
            f"variance: run '{run.name}' reads up to {passages} passages a document, and this is "
            "worked out for one vector a document; choose a run with encoder.max_passages 1, or leave --variance out"
        )


def variance_of_run(
    run: Run, step: int | None, samplers: str, queries: int, watch: Watch = lambda *_: None
) -> dict[str, Any]:
    """Measure, store beside the probe, and return: see `summary`. ConfigError for a corpus too large to enumerate."""
    check_variance(run)
    moment = load_moment(run, step)
    names, found, notes = enumerate_queries(moment, sampler_names(samplers), queries, watch)
    value = summary(names, found) | {"notes": notes}
    batches = probe_batches(moment.problem, queries, moment.step)
    rows = np.concatenate([batch.labels.queries[batch.rows] for batch in batches])
    value["each"]["query"] = rows.tolist()
    probes.write_variance(run.folder, moment.step, value)
    return value


def enumerate_queries(
    moment: Moment, names: list[str], queries: int, watch: Watch = lambda *_: None
) -> tuple[list[str], list[QueryVariance], list[str]]:
    """The samplers that could state their probabilities, then those of CLOSED_FORM; what each query came to; and a
    sentence on each sampler left out (an error if only one was asked)."""
    batches = probe_batches(moment.problem, queries, moment.step)

    def state(name: str) -> np.ndarray:
        sampler, pools = sampler_at(moment, RECIPES[name])
        return np.concatenate([sampler.probabilities(batch, pools) for batch in batches])

    stated, left_out = asked_of_each(names, state)
    docs = moment.embeddings.documents(moment.step).astype(np.float64)
    each = [(batch, i) for batch in batches for i in range(len(batch.rows))]
    found = []
    for at, (batch, i) in enumerate(each):
        watch(at, len(each), "all negatives of a query are measured")
        found.append(_one(moment, batch, i, np.array([p[at] for p in stated.values()]), docs))
    return [*stated, *CLOSED_FORM], found, left_out


def _one(moment: Moment, batch: QueryBatch, i: int, stated: np.ndarray, docs: np.ndarray) -> QueryVariance:
    """Of one query: (S, n_docs) stated probabilities, and those of CLOSED_FORM; docs (n_docs, dim) embeddings."""
    problem = moment.problem
    judged = batch.judged[i]
    candidates = np.setdiff1d(np.arange(problem.n_docs), judged)
    args = (moment.model, problem.tokens, int(problem.labels.queries[batch.rows[i]]), int(batch.positives[i]))
    mixes = np.concatenate([stated[:, candidates], _closed_forms(moment, batch, i, candidates, docs)])
    return query_variance(*args, candidates, mixes / np.maximum(mixes.sum(axis=1, keepdims=True), 1e-300))


def _closed_forms(
    moment: Moment, batch: QueryBatch, i: int, candidates: np.ndarray, docs: np.ndarray
) -> np.ndarray:
    """(2, N) from the embeddings: the two-way NLL, and w scale sqrt(|d+ - d|^2 + 2 |q|^2) as the oracle sampler has it."""
    q = moment.embeddings.queries(moment.problem.labels.queries[batch.rows[i : i + 1]])[0].astype(np.float64)
    own, others = docs[batch.positives[i]], docs[candidates]
    gap = moment.model.scale * ((others - own) @ q)
    pull = np.exp(-np.logaddexp(0.0, -gap))
    norms = pull * np.sqrt(np.square(others - own).sum(axis=1) + 2 * q @ q)
    return np.stack([np.logaddexp(0.0, gap), norms])


def summary(names: list[str], found: list[QueryVariance]) -> dict[str, Any]:
    """Sums over queries, relative to the optimum's variance and to the length of the full gradient.

    weighted: None where some query has candidates that the sampler never draws. ordered: whether for every query the
    optimum is the least of all weighted variances. each: what was summed, query by query, here and of each sampler.
    """
    optimum = sum(q.optimum for q in found)
    full = sum(q.full for q in found)
    rows = []
    for i, name in enumerate(names):
        weighted = np.array([q.weighted[i] for q in found])
        rows.append(
            {
                "sampler": name,
                "weighted": None if np.isnan(weighted).any() else float(weighted.sum() / optimum),
                "as_run": float(sum(q.as_run[i] for q in found) / optimum),
                "bias": float(sum(q.bias[i] for q in found) / full),
                "cosine": float(np.mean([q.cosine[i] for q in found])),
                "each": {
                    "weighted": [None if np.isnan(v) else float(v) for v in weighted],
                    "as_run": [float(q.as_run[i]) for q in found],
                    "bias": [float(q.bias[i]) for q in found],
                },
            }
        )
    least = [np.nanmin(np.append(q.weighted, q.uniform)) >= q.optimum * (1 - 1e-6) for q in found]
    return {
        "queries": len(found),
        "negatives": float(np.mean([len(q.norms) for q in found])),
        "uniform": float(sum(q.uniform for q in found) / optimum),
        "ordered": bool(np.all(least)),
        "samplers": rows,
        "each": {"optimum": [float(q.optimum) for q in found], "full": [float(q.full) for q in found]},
    }
