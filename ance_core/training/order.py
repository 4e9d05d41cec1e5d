"""The order of the data: which queries a step sees, and which of its labels each is trained towards."""

from __future__ import annotations

import numpy as np

from ..data import Labels
from ..rng import generator, keyed_uniforms
from ..samplers import QueryBatch


class DataOrder:
    """Queries of each step: a new permutation an epoch, a function of (seed, step) alone.

    The last, incomplete batch of an epoch is left out; the next permutation puts other queries there.
    """

    def __init__(self, labels: Labels, n_docs: int, batch_size: int, seed: int) -> None:
        self._labels, self._n_docs, self._size, self._seed = labels, n_docs, batch_size, seed
        self.steps_per_epoch = len(labels.queries) // batch_size
        self._epoch, self._order = -1, np.empty(0, np.int64)

    def steps_of(self, row: int, first: int, stop: int) -> list[int]:
        """The updates from `first` to `stop` (0-based, `stop` not among them) whose batch has the query at `row`."""
        found = []
        for epoch in range(first // self.steps_per_epoch, -(-stop // self.steps_per_epoch)):
            at = int(np.flatnonzero(self._permutation(epoch) == row)[0]) // self._size
            step = epoch * self.steps_per_epoch + at
            if at < self.steps_per_epoch and first <= step < stop:
                found.append(step)
        return found

    def _permutation(self, epoch: int) -> np.ndarray:
        return generator(self._seed, "data order", epoch).permutation(len(self._labels.queries))

    def batch(self, step: int) -> QueryBatch:
        """The batch of the step-th update (0-based), each query with one label picked among its own."""
        epoch, at = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._order = self._permutation(epoch)
            self._epoch = epoch
        rows = self._order[at * self._size : (at + 1) * self._size]
        u = keyed_uniforms(self._seed, "positive", step, self._labels.queries[rows], 1)[:, 0]
        start, stop = self._labels.indptr[rows], self._labels.indptr[rows + 1]
        label = start + (u * (stop - start)).astype(np.int64)
        return QueryBatch(rows, label, self._labels, self._n_docs, step)
