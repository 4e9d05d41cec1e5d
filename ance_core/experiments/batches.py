"""In which batches of a run a training query was: known from seed, settings and labels, without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..data import Labels
from ..runs.wear import read_state
from ..training.order import DataOrder

if TYPE_CHECKING:
    from ..runs import Run


class Batches:
    """The updates `first` + 1 to `done` of a run that has a checkpoint. labels: those training sees.

    first: 0, or the step of another run that it goes on from. StoreError for a checkpoint that cannot be read.
    """

    def __init__(self, run: Run, labels: Labels, n_docs: int) -> None:
        config = run.info["config"]
        checkpoints = run.checkpoints()
        self.first = int(read_state(checkpoints[min(checkpoints)])["first_step"])
        self.done, self.labels = run.status().step, labels
        self._size = min(int(config["batch_size"]), len(labels.queries))
        self._order = DataOrder(labels, n_docs, self._size, int(config["seed"]))

    def uses(self, row: int) -> list[int]:
        """The updates, from 1, with the query at `row` of the labels in the batch."""
        return [step + 1 for step in self._order.steps_of(row, self.first, self.done)]

    def next_use(self, row: int) -> int | None:
        """The first update after those done that will have it; None where there is none in three epochs."""
        stop = self.done + 3 * self._order.steps_per_epoch
        return next((step + 1 for step in self._order.steps_of(row, self.done, stop)), None)

    def used(self) -> np.ndarray:
        """The rows of the labels that were in some batch, ascending."""
        seen = np.zeros(len(self.labels.queries), bool)
        for step in range(self.first, self.done):
            seen[self._order.batch(step).rows] = True
            if step % self._order.steps_per_epoch == 0 and seen.all():
                break
        return np.flatnonzero(seen)
