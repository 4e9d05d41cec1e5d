"""From the corpus to a term of the loss: how many candidates of one query each setting left, and which removed most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..config import FilterConfig, RunConfig
from ..samplers import Curriculum, Mixture, Pool, QueryBatch, Sampler, Uniform, WholeBatch
from ..samplers.filters import kept
from ..samplers.ranked import Ranked
from ..training.again import Repeated
from ..training.miners import Miner
from ..training.problem import Problem
from ..training.run import Training
from .explanation import Funnel, Stage

MARGINS = ("max_score", "absolute_margin", "relative_margin", "percentage_of_positive")


class _Counting:
    """Stages as they are counted; those between `begin` and `end` can be the one that removed most."""

    def __init__(self, source: str, start: Stage) -> None:
        self.source, self.stages, self.judged = source, [start], [False]

    def to(self, name: str, setting: str, left: int, selects: bool = True) -> None:
        self.stages.append(Stage(name, setting, int(left), self.stages[-1].left - int(left)))
        self.judged.append(selects)

    def done(self, note: str = "") -> Funnel:
        able = [s for s, selects in zip(self.stages, self.judged, strict=True) if selects and s.removed > 0]
        most = max(able, key=lambda stage: stage.removed) if able else None
        return Funnel(self.source, tuple(self.stages), most, note)


def leaves(sampler: Sampler, step: int) -> list[Sampler]:
    """The samplers that draw from a pool or the corpus of their own, in a sampler made of others."""
    if isinstance(sampler, WholeBatch):
        return leaves(sampler.own, step)
    if isinstance(sampler, Curriculum):
        return leaves(sampler.now(step), step)
    if isinstance(sampler, Mixture):
        pairs = zip(sampler.components, sampler.shares, strict=True)
        return [leaf for part, share in pairs if share > 0 for leaf in leaves(part, step)]
    return [sampler]


def funnels_of(repeated: Repeated, row: int, terms: Any, unfiltered: dict[str, Pool]) -> list[Funnel]:
    """One for each place that the query's negatives came from.

    terms: as of `terms_of`. unfiltered: by pool, the one query's candidates before the filter, where there is a filter and
    they are known.
    """
    training, found = repeated.training, []
    counted = terms[(terms["contrast"] == "query") & (terms["masked"] == "")]
    if training.sampler is None:
        return [_ranking(training, terms)]
    batch = _alone(training, repeated.batch, row)
    for leaf in leaves(training.sampler, batch.step):
        if isinstance(leaf, Ranked):
            of_pool = counted[counted["source"].isin(_sources(training.pools[leaf.pool]))]
            found.append(_pool(training, leaf, batch, row, len(of_pool), unfiltered.get(leaf.pool)))
        elif isinstance(leaf, Uniform):
            found.append(_corpus(training, row, int((counted["source"] == "random").sum())))
    if (terms["source"] == "in-batch").any():
        found.append(_batch(training, terms))
    return found


def filter_stages(count: Callable[[FilterConfig], int], filters: FilterConfig) -> list[tuple[str, str, int]]:
    """(name, setting, left) of each filter that is set, in the order of `samplers.filters`; count: what a filter leaves."""
    given = filters.given()
    now: dict[str, Any] = {name: given[name] for name in ("rank_from", "rank_to") if name in given}
    found = []
    if now:
        window = ", ".join(f"negatives.filter.{name} {value}" for name, value in now.items())
        found.append(("in the window of ranks", window, count(FilterConfig(**now))))
    for name in MARGINS:
        if name in given:
            now[name] = given[name]
            words = "under the highest score" if name == "max_score" else "far enough below the positive"
            found.append((words, f"negatives.filter.{name} {given[name]:g}", count(FilterConfig(**now))))
    return found


def _pool(
    training: Training, sampler: Ranked, batch: QueryBatch, row: int, drawn: int, unfiltered: Pool | None
) -> Funnel:
    config, labels, pool = training.config, training.problem.labels, training.pools[sampler.pool]
    filters = config.negatives.filter
    own = unfiltered if unfiltered is not None else sliced(pool, labels, row)
    size, depth = int(own.sizes[0]), config.negatives.pool_depth
    judged = _judged_among(own, last_only=bool(config.method.last_label_only))
    counting = _Counting(f"pool {sampler.pool}", Stage("the corpus", "data", batch.n_docs, 0))
    counting.to("ranked", f"negatives.pool_depth {depth}", size + judged, selects=False)
    counting.to("not judged positive", "labels", size)
    note = ""
    part = labels.take(np.array([row]))
    if filters.given() and unfiltered is None:
        left = int(pool.sizes[row])
        counting.to("after the filter", "negatives.filter", left)
        note = (
            "the pool was mined before this run's first checkpoint, so what the filter removed is not known"
        )
        counting.stages[1:3] = [Stage("ranked", f"negatives.pool_depth {depth}", left, batch.n_docs - left)]
        counting.judged[1:3] = [False]
        counting.stages[-1] = replace(counting.stages[-1], removed=0)
    else:
        for name, setting, left in filter_stages(lambda f: int(kept(own, part, f).sum()), filters):
            counting.to(name, setting, left)
    p = sampler.candidate_probabilities(batch, pool)[0]
    counting.to("can be drawn", f"sampler {sampler.name}", int((p > 0).sum()))
    counting.to("drawn", f"negatives.per_query {config.negatives.per_query}", drawn, selects=False)
    return counting.done(note)


def _judged_among(pool: Pool, last_only: bool) -> int:
    """How many judged positives stood among the candidates of a pool of one query and were taken out."""
    scores = pool.label_scores[-1:] if last_only else pool.label_scores
    size = int(pool.sizes[0])
    lowest = pool.scores[0, size - 1] if size else np.inf
    return int((scores >= lowest).sum())  # nan: BM25 did not find it


def _corpus(training: Training, row: int, drawn: int) -> Funnel:
    n, judged = training.problem.n_docs, len(training.problem.labels.of(row))
    counting = _Counting("corpus", Stage("the corpus", "data", n, 0))
    counting.to("not judged positive", "labels", n - judged)
    counting.to("drawn", f"negatives.per_query {training.config.negatives.per_query}", drawn, selects=False)
    return counting.done()


def _batch(training: Training, terms: Any) -> Funnel:
    lent = terms[(terms["contrast"] == "query") & (terms["source"] == "in-batch")]
    size, hardest = training.batch_size, training.recipe.hardest
    counting = _Counting("batch", Stage("other passages of the batch", f"batch_size {size}", len(lent), 0))
    there = lent[lent["masked"] != "no candidate left"]
    counting.to("there at all", "negatives.pool_depth", len(there))
    allowed = there[~there["judged"]]
    counting.to("not judged positive", "labels", len(allowed))
    if hardest:
        counting.to("the hardest", f"recipe {training.recipe.name}", int((allowed["masked"] == "").sum()))
    counting.to("in the loss", "", int((allowed["masked"] == "").sum()), selects=False)
    return counting.done()


def _ranking(training: Training, terms: Any) -> Funnel:
    """ADORE: all of the current top K; of a query with several rows of the loss, the first."""
    first = terms[terms["positive"] == terms["positive"].iloc[0]]
    config = training.config
    counting = _Counting("ranking", Stage("the corpus", "data", training.problem.n_docs, 0))
    counting.to("ranked", f"negatives.pool_depth {config.negatives.pool_depth}", len(first), selects=False)
    counting.to("not judged positive", "labels", int((first["masked"] == "").sum()))
    counted = first[(first["masked"] == "") & (first["weight"] > 0)]
    counting.to("with a weight above 0", f"method.metric_cut {config.method.metric_cut}", len(counted))
    return counting.done()


def sliced(pool: Pool, labels: Any, row: int) -> Pool:
    """The pool of the query at `row` alone."""
    one = slice(row, row + 1)
    return replace(
        pool,
        docs=pool.docs[one],
        scores=pool.scores[one],
        sources=pool.sources[one],
        index_step=pool.index_step[one],
        log_weights=None if pool.log_weights is None else pool.log_weights[one],
        label_scores=pool.label_scores[labels.positions(np.array([row]))],
    )


def mined_unfiltered(training: Training, config: RunConfig, row: int, newest: Pool | None) -> Pool:
    """What the model in `training` ranks for the query at `row`, before any filter: mined as a refresh now would.

    newest: the pools before, of which momentum candidates come.
    """
    problem = training.problem
    alone = Problem(problem.dataset, problem.tokens, problem.labels.take(np.array([row])))
    negatives = config.negatives.model_copy(update={"filter": FilterConfig()})
    refresh = config.refresh.model_copy(update={"chunks": 1})
    plain = config.model_copy(update={"negatives": negatives, "refresh": refresh})
    recipe = replace(training.recipe, pools=("own",))
    miner = Miner(plain, recipe, alone, training.embeddings, training.model.scale)
    before = {} if newest is None else {"own": sliced(newest, problem.labels, row)}
    return miner(training.step, before).pools["own"]


def _alone(training: Training, batch: QueryBatch, row: int) -> QueryBatch:
    at = np.flatnonzero(batch.rows == row)
    return QueryBatch(batch.rows[at], batch.label[at], batch.labels, batch.n_docs, batch.step)


def _sources(pool: Pool) -> list[str]:
    from ..samplers import SOURCES

    return [SOURCES[code] for code in np.unique(pool.sources[pool.docs >= 0])]
