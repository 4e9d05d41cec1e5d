"""Probes of several runs at several steps: all that can be refused is refused before the first is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..encoders.layers import BAND_NAMES
from ..errors import ConfigError, nearest
from ..runs import Run
from .probe import Watch, check_checkpoint, probe_run, sampler_names
from .probe_table import OUTPUT, check_comparable
from .statistics.verdicts import check_smallest
from .variance import check_variance, variance_of_run

if TYPE_CHECKING:
    import pandas as pd

At = int | Sequence[int] | Literal["all"] | None
"""Checkpoints: steps, every one that a run has, or its last."""


@dataclass(frozen=True)
class Probed:
    """One run at one step: the table (`runs.probes`), what a reader should know, and the variance where it was asked for."""

    run: Run
    step: int
    frame: pd.DataFrame
    notes: list[str]
    variance: dict[str, Any] | None


def probe_runs(
    runs: Sequence[Run],
    at: At = None,
    samplers: str = "all",
    queries: int = 256,
    variance: int = 0,
    slow: bool = False,
    watch: Callable[[str], Watch] = lambda _: lambda *_: None,
) -> list[Probed]:
    """Measure and store, run by run and step by step; `watch(words)` gives what is told of the progress of one.

    ConfigError where a run or sampler cannot be probed, or encoders or datasets differ.
    """
    sampler_names(samplers)
    check_comparable(runs)
    plan = [(run, step) for run in runs for step in steps_of(run, at)]
    if variance:
        for run in runs:
            check_variance(run)
    found = []
    for run, step in plan:
        tell = watch(f"{run.name}, step {step}")
        frame, _, notes = probe_run(run, step, samplers, queries, slow, tell)
        spread = variance_of_run(run, step, samplers, variance, tell) if variance else None
        if spread:
            notes += [note for note in spread["notes"] if note not in notes]
        found.append(Probed(run, step, frame, notes, spread))
    return found


def steps_of(run: Run, at: At) -> list[int]:
    """The checkpoints of a run that are meant, ascending. ConfigError for one that it does not have."""
    if at == "all":
        check_checkpoint(run, None)
        return sorted(run.checkpoints())
    steps = [at] if at is None or isinstance(at, int) else list(dict.fromkeys(at))
    if not steps or isinstance(at, str):
        raise ConfigError(f"at: {at!r} is no step; write a checkpoint's step, several of them, or 'all'")
    return sorted(check_checkpoint(run, step) for step in steps)


def check_comparison(
    runs: Sequence[Run], band: str, baseline: str | None, smallest: float | None, samplers: str = "all"
) -> None:
    """ConfigError for what `compare_probes` would refuse after the measuring: a band, baseline or smallest effect."""
    check_smallest(smallest)
    names = sampler_names(samplers)
    if baseline is not None and baseline not in names:
        raise ConfigError(f"baseline: {baseline!r} is none of the samplers probed{nearest(baseline, names)}")
    logged = {str(name) for name in runs[0].scalars()["name"]} if runs else set()
    layers = [name for name in BAND_NAMES if f"grad_norm/{name}" in logged] or list(BAND_NAMES)
    known = ["all", "total", *layers, OUTPUT]
    if band not in known:
        raise ConfigError(f"band: {band!r} is none of this encoder{nearest(band, known)}")
