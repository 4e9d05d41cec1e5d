"""The dataset a run was trained on, read again when texts, labels or hidden relevants are asked for."""

from __future__ import annotations

from threading import Lock

from ance_core.data import Dataset, of_run
from ance_core.errors import AnceError
from ance_core.runs import Run

_kept: dict[tuple[object, ...], Dataset | str] = {}
_lock = Lock()


def dataset_of(run: Run) -> Dataset | str:
    """The run's dataset, masked as it was; or the sentence that says why it cannot be had."""
    config, wanted = run.info.get("config") or {}, run.info.get("dataset") or {}
    labels = config.get("labels_per_query")
    key = (
        repr(config.get("data")), labels, config.get("seed") if labels else None, wanted.get("fingerprint")
    )  # fmt: skip
    with _lock:
        if key not in _kept:
            _kept[key] = _load(run)
        return _kept[key]


def _load(run: Run) -> Dataset | str:
    try:
        return of_run.dataset_of(run)
    except AnceError as error:
        return f"Its texts cannot be shown: {error}"


def clip(text: str, length: int = 320) -> str:
    """The beginning of a text, cut at a word.

    >>> clip("one two three", 9)
    'one two …'
    """
    return text if len(text) <= length else f"{text[:length].rsplit(' ', 1)[0]} …"
