"""The probes of runs as the page needs them, read again only when a file has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import pandas as pd

from ance_core.errors import StoreError
from ance_core.experiments import probe_summary
from ance_core.runs import Run, probes

from .source import Source

T = TypeVar("T")
_kept: dict[tuple[str, str], tuple[Any, Any]] = {}
_lock = Lock()


class Probed:
    """Cached questions to the probes of a Source's runs. Every method may raise StoreError."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def steps(self, name: str) -> list[int]:
        """The steps of a run that have a probe, ascending."""
        return probes.steps(self._source.run(name).folder)

    def variance_steps(self, name: str) -> list[int]:
        """The steps of a run at which variances were measured, ascending."""
        return probes.variance_steps(self._source.run(name).folder)

    def table(self, name: str, step: int) -> pd.DataFrame:
        """The probe of a run at a step; see `runs.probes`."""
        run = self._source.run(name)
        return keep(probes.probe_path(run.folder, step), "table", lambda: probes.read(run.folder, step))

    def variance(self, name: str, step: int) -> dict[str, Any]:
        """The variance of samplers at a step; see `experiments.variance.summary`."""
        run = self._source.run(name)
        path = probes.variance_path(run.folder, step)
        return keep(path, "variance", lambda: probes.read_variance(run.folder, step))

    def summary(self, name: str, step: int) -> list[dict[str, Any]]:
        """Norms by sampler; see `probe_summary.summarise`."""
        return self._ask(name, step, "summary", probe_summary.summarise)

    def bound(self, name: str, step: int) -> pd.DataFrame:
        """Rank correlations of output and full norm; see `probe_summary.bound`."""
        return self._ask(name, step, "bound", probe_summary.bound)

    def means(self, name: str, step: int) -> pd.DataFrame:
        """Mean norms by sampler (index) and layer (columns)."""
        return self._ask(
            name, step, "means", lambda t: t.groupby("sampler", sort=False)[probe_summary.layers(t)].mean()
        )

    def over_steps(self, name: str, ask: Callable[[str, int], T]) -> tuple[dict[int, T], list[str]]:
        """`ask(name, step)` at every probed step, and a sentence on each file that cannot be read."""
        found, damaged = {}, []
        for step in self.steps(name):
            try:
                found[step] = ask(name, step)
            except StoreError as error:
                damaged.append(str(error))
        return found, damaged

    def version(self, names: Sequence[str]) -> tuple[Any, ...]:
        """Changes whenever a probe of these runs appears, changes or disappears."""
        return tuple((name, *_files(self._source.run(name))) for name in names)

    def _ask(self, name: str, step: int, what: str, compute: Callable[[pd.DataFrame], T]) -> T:
        path = probes.probe_path(self._source.run(name).folder, step)
        return keep(path, what, lambda: compute(self.table(name, step)))


def _files(run: Run) -> list[tuple[str, int]]:
    folder = run.folder / probes.FOLDER
    if not folder.is_dir():
        return []
    return sorted((p.name, _stamp(p)) for p in folder.iterdir() if not p.name.startswith("."))


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # a run that was resumed dropped it; or a link to nowhere
        return 0


def keep(path: Path, what: str, compute: Callable[[], T]) -> T:
    """`compute()`, or its earlier result for `what` if the file has not changed since."""
    stamp = _stamp(path)
    with _lock:
        kept = _kept.get((str(path), what))
    if kept is None or kept[0] != stamp:
        kept = (stamp, compute())
        with _lock:
            _kept[str(path), what] = kept
    return kept[1]
