"""The dataset a run was trained on, read again when texts, labels or hidden relevants are asked for."""

from __future__ import annotations

from threading import Lock

from ance_core.data import Dataset, load_dataset
from ance_core.errors import AnceError
from ance_core.runs import Run

_kept: dict[tuple[object, ...], Dataset | str] = {}
_lock = Lock()


def dataset_of(run: Run) -> Dataset | str:
    """The run's dataset, masked as it was; or the sentence that says why it cannot be had."""
    config, wanted = run.info.get("config") or {}, run.info.get("dataset") or {}
    fingerprint = str(wanted.get("fingerprint") or "")
    labels = config.get("labels_per_query")
    key = (config.get("data"), labels, config.get("seed") if labels else None, fingerprint)
    with _lock:
        if key not in _kept:
            _kept[key] = _load(str(config.get("data")), labels, int(config.get("seed") or 0), fingerprint)
        return _kept[key]


def _load(data: str, labels: int | None, seed: int, fingerprint: str) -> Dataset | str:
    try:
        found = load_dataset(data, labels_per_query=labels, seed=seed)
    except AnceError as error:
        return f"Its dataset cannot be read: {error}"
    if found.fingerprint != fingerprint:
        return (
            f"The dataset '{data}' on this machine is not the one it was trained on (fingerprint "
            f"{found.fingerprint}, not {fingerprint}), so its texts cannot be shown."
        )
    return found


def clip(text: str, length: int = 320) -> str:
    """The beginning of a text, cut at a word.

    >>> clip("one two three", 9)
    'one two …'
    """
    return text if len(text) <= length else f"{text[:length].rsplit(' ', 1)[0]} …"
