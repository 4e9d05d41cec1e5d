"""Refresh: when pools mined with the model itself are rebuilt, and from which step on they are used.

`sync` mines with the weights of step s and uses the result at once. `lag` mines with the same weights but
uses the result k steps later, which is what an asynchronous inferencer does, made deterministic. The first
pool, at step 0, is always used at once: before it there is nothing to draw from.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save

from ..config import RefreshConfig
from ..data import Labels
from ..recipes import Recipe
from ..runs.files import atomic_file, make_folder
from ..samplers import Pool
from .embeddings import CurrentEmbeddings
from .mining import MiningSeconds, jaccard, mine_dense


@dataclass
class Refresher:
    """The model's own pool: the one in use, and the one waiting for its step.

    folder: where pools are kept, so that a resumed or forked run has them. scale: of the scores.
    """

    recipe: Recipe
    config: RefreshConfig
    depth: int
    labels: Labels
    scale: float
    folder: Path
    current: Pool | None = None
    waiting: Pool | None = None
    waiting_for: int = -1

    def advance(self, step: int, embeddings: CurrentEmbeddings) -> dict[str, Any] | None:
        """Bring the pool up to date before the update after `step`; returns the refresh record if one was mined."""
        if self.waiting is not None and step >= self.waiting_for:
            self.current, self.waiting = self.waiting, None
        if not self._due(step):
            return None
        pool, seconds = self._mine(step, embeddings)
        record = self._record(step, pool, seconds)
        _save(pool, self.folder / _name(step))
        if record["active_step"] == step:
            self.current = pool
        else:
            self.waiting, self.waiting_for = pool, record["active_step"]
        return record

    def _due(self, step: int) -> bool:
        if "own" not in self.recipe.pools:
            return False
        return step == 0 or (self.config.mode != "none" and step % self.config.every == 0)

    def _mine(self, step: int, embeddings: CurrentEmbeddings) -> tuple[Pool, MiningSeconds]:
        start = time.perf_counter()
        docs, queries = embeddings.documents(step), embeddings.queries(self.labels.queries)
        encoded = time.perf_counter() - start
        pool, index, search = mine_dense(
            queries,
            docs,
            self.labels,
            depth=self.depth,
            scale=self.scale,
            source=self.recipe.own_source,
            index_step=step,
        )
        return pool, MiningSeconds(encoded, index, search)

    def _record(self, step: int, pool: Pool, seconds: MiningSeconds) -> dict[str, Any]:
        newest = self.waiting or self.current
        return {
            "step": step,
            "index_step": step,
            "active_step": step if step == 0 else step + self.config.lag,
            "seconds_encode": seconds.encode,
            "seconds_index": seconds.index,
            "seconds_search": seconds.search,
            "seconds_total": seconds.total,
            "jaccard": jaccard(newest.docs, pool.docs) if newest is not None else float("nan"),
            "queries": len(self.labels.queries),
        }

    def state(self) -> dict[str, Any]:
        """What a checkpoint has to say about pools; `restore` reads it back."""
        return {
            "current": self.current.index_step if self.current else None,
            "waiting": self.waiting.index_step if self.waiting else None,
            "waiting_for": self.waiting_for,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Load the pools a checkpoint names."""
        source = self.recipe.own_source
        if state["current"] is not None:
            self.current = _load(self.folder / _name(state["current"]), source, state["current"])
        if state["waiting"] is not None:
            self.waiting = _load(self.folder / _name(state["waiting"]), source, state["waiting"])
        self.waiting_for = state["waiting_for"]


def _name(step: int) -> str:
    return f"step-{step:06d}.safetensors"


def _save(pool: Pool, path: Path) -> None:
    make_folder(path.parent)
    arrays = {name: np.ascontiguousarray(getattr(pool, name)) for name in ("docs", "scores", "label_scores")}
    with atomic_file(path) as temporary:
        temporary.write_bytes(save(arrays))


def _load(path: Path, source: str, index_step: int) -> Pool:
    arrays = load_file(path)
    return Pool(arrays["docs"], arrays["scores"], arrays["label_scores"], source, index_step)
