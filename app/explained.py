"""Which steps of a run can be repeated for a query, and what was found where one has been."""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

from ance_core.data import Dataset
from ance_core.errors import ConfigError
from ance_core.experiments.batches import Batches
from ance_core.experiments.explanation import Explanation
from ance_core.runs import Run, explained

from .probed import keep
from .texts import dataset_of


class Offered(NamedTuple):
    """The training queries of a run that were in a batch: id -> row among the labels; and in which batches."""

    dataset: Dataset
    rows: dict[str, int]
    batches: Batches

    def text(self, query: str) -> str:
        """The words of a query."""
        return self.dataset.queries[int(self.batches.labels.queries[self.rows[query]])]

    def row(self, query: str) -> int:
        """The query's row of the dataset."""
        return int(self.batches.labels.queries[self.rows[query]])

    def uses(self, query: str) -> list[int]:
        """The steps at which it was in the batch, from 1, the last one first."""
        return self.batches.uses(self.rows[query])[::-1]


_kept: dict[tuple[object, ...], Offered] = {}
_lock = Lock()


def offered(run: Run) -> Offered:
    """What can be asked of a run. ConfigError with the remedy where there is nothing; StoreError for a damaged run."""
    dataset = dataset_of(run)
    if isinstance(dataset, str):
        raise ConfigError(dataset)
    checkpoints, done = run.checkpoints(), run.status().step
    if not checkpoints:
        raise ConfigError(
            f"{run.name} has no checkpoint, so none of its steps can be repeated. While it trains, wait for its next one; "
            "or choose another run."
        )
    key = (str(run.folder), id(dataset), min(checkpoints), done)
    with _lock:
        if key not in _kept:
            labels = dataset.split("train").labels()
            batches = Batches(run, labels, len(dataset.docs))
            ids = {dataset.query_ids[int(labels.queries[row])]: int(row) for row in batches.used()}
            for old in [old for old in _kept if old[0] == key[0]]:  # a run that goes on
                del _kept[old]
            _kept[key] = Offered(dataset, ids, batches)
        found = _kept[key]
    if not found.rows:
        raise ConfigError(
            f"{run.name} has not done an update yet: wait for its first one, or choose another run."
        )
    return found


def answer(run: Run, step: int, query: int) -> Explanation | None:
    """What was found when a step was repeated for a query (a row of the dataset); None where it never was.

    StoreError for an answer that cannot be read.
    """
    path = explained.path_of(run.folder, step, query)
    return keep(path, "explained", lambda: _read(run, step, query)) if path.exists() else None


def _read(run: Run, step: int, query: int) -> Explanation:
    facts = explained.read(run.folder, step, query)
    try:
        return Explanation.of(facts)
    except (KeyError, TypeError, ValueError) as error:
        raise explained.damaged(explained.path_of(run.folder, step, query), error) from None
