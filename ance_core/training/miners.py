"""Which pools a recipe mines with its model, and how: one function a kind."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..data import Labels
from ..samplers import Pool
from ..samplers.filters import filter_pool, refuse_empty
from .mining import Mined, MiningSeconds, mine_dense
from .teleport import teleport

if TYPE_CHECKING:
    from ..config import RunConfig
    from ..recipes import Recipe
    from .embeddings import CurrentEmbeddings
    from .problem import Problem


class Miner:
    """Mines a recipe's pools with the current weights. Calling it is `refresh.Mine`."""

    def __init__(
        self, config: RunConfig, recipe: Recipe, problem: Problem, embeddings: CurrentEmbeddings, scale: float
    ) -> None:
        self._config, self._recipe, self._problem = config, recipe, problem
        self._embeddings, self._scale = embeddings, scale

    def __call__(self, step: int, newest: dict[str, Pool]) -> Mined:
        """New pools with the weights after `step` updates; `newest` are the last ones mined, if any."""
        seconds = MiningSeconds()
        rows = self._rows(step, newest)
        start = time.perf_counter()
        docs = self._embeddings.documents(step)
        dual, asked = "dual" in self._recipe.pools, self._problem.labels.queries
        # the dual index holds every training query, whichever of them are renewed
        encoded = self._embeddings.queries(asked if dual else asked[rows])
        queries = encoded[rows] if dual else encoded
        seconds.encode = time.perf_counter() - start
        pools = {"own": self._own(queries, docs, rows, step, newest, seconds)}
        if dual:
            pools["dual"] = self._dual(encoded, docs, rows, step, newest, seconds)
        return Mined(pools, seconds, len(rows))

    def _rows(self, step: int, newest: dict[str, Pool]) -> np.ndarray:
        """The training queries whose pools are renewed: all at first, then the chunk that has waited longest."""
        everything = np.arange(len(self._problem.labels.queries))
        chunks = self._config.refresh.chunks
        if chunks == 1 or not newest:
            return everything
        # by what was mined and not by the step: an inferencer that answers every other request renews all
        since = newest["own"].index_step
        return min(np.array_split(everything, chunks), key=lambda rows: since[rows].min(initial=step))

    def _own(
        self,
        queries: np.ndarray,
        docs: np.ndarray,
        rows: np.ndarray,
        step: int,
        newest: dict[str, Pool],
        seconds: MiningSeconds,
    ) -> Pool:
        labels = self._problem.labels
        part = labels if len(rows) == len(labels.queries) else labels.take(rows)
        pool = mine_dense(
            queries,
            docs,
            part,
            depth=self._config.negatives.pool_depth,
            scale=self._scale,
            source=self._recipe.own_source,
            index_step=step,
            seconds=seconds,
            keep_out=last_labels(part) if self._config.method.last_label_only else None,
            passages=self._problem.tokens.docs.passages,
        )
        if self._recipe.teleports:
            pool = self._teleported(pool, queries, docs, rows, part, step, newest, seconds)
        pool = filter_pool(pool, part, self._config.negatives.filter)
        if self._recipe.weigh is not None:
            weights = self._recipe.weigh(queries, docs, pool, part, self._scale)
            pool = replace(pool, log_weights=weights)
        pool = pool if part is labels else put_rows(newest["own"], pool, rows, labels)
        refuse_empty(pool, self._config.negatives.filter)
        return pool

    def _teleported(
        self,
        ann: Pool,
        queries: np.ndarray,
        docs: np.ndarray,
        rows: np.ndarray,
        part: Labels,
        step: int,
        newest: dict[str, Pool],
        seconds: MiningSeconds,
    ) -> Pool:
        start = time.perf_counter()
        pool = teleport(
            ann,
            newest.get("own"),
            rows,
            queries,
            docs,
            part,
            alpha=self._config.method.alpha or 0.0,
            beta=self._config.method.beta or 0.0,
            depth=self._config.negatives.pool_depth,
            scale=self._scale,
            seed=self._config.seed,
            step=step,
        )
        seconds.search += time.perf_counter() - start
        return pool

    def _dual(
        self,
        queries: np.ndarray,
        docs: np.ndarray,
        rows: np.ndarray,
        step: int,
        newest: dict[str, Pool],
        seconds: MiningSeconds,
    ) -> Pool:
        """The candidates of the documents that answer the queries at `rows`, among all training queries (Q, D)."""
        mirror = self._problem.mirror
        whole = len(rows) == mirror.n_queries
        chosen = np.arange(len(mirror.labels.queries)) if whole else mirror.rows_of(rows)
        part = mirror.labels if whole else mirror.labels.take(chosen)
        pool = mine_dense(
            docs[part.queries],
            queries,
            part,
            depth=self._config.negatives.pool_depth,
            scale=self._scale,
            source="dual",
            index_step=step,
            seconds=seconds,
        )
        return pool if whole else put_rows(newest["dual"], pool, chosen, mirror.labels)


def last_labels(labels: Labels) -> Labels:
    """Each query with its last label only (in corpus order), as ANCE's code keeps them (run_ann_data_gen.py:81-85)."""
    last = labels.indptr[1:] - 1
    return Labels(
        labels.queries, np.arange(len(last) + 1), labels.docs[last], labels.grades[last], labels.own
    )


def put_rows(old: Pool, new: Pool, rows: np.ndarray, labels: Labels) -> Pool:
    """`old` with the candidates of the queries at `rows` replaced by those of `new`."""
    changed = {}
    for name in ("docs", "scores", "sources", "index_step", "log_weights"):
        if getattr(old, name) is None:
            continue
        array = getattr(old, name).copy()
        array[rows] = getattr(new, name)
        changed[name] = array
    label_scores = old.label_scores.copy()
    label_scores[labels.positions(rows)] = new.label_scores
    return replace(old, **changed, label_scores=label_scores)
