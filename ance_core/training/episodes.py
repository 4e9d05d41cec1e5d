"""Episodes of ANCE-Tele: from one set of negatives to the next, going on or starting over.

With `method.restart` every episode begins from the run's first weights, with a fresh optimizer and a learning
rate that rises and falls within the episode: only negatives travel, as in the authors' code (each episode's
script starts from the vanilla pre-trained model, shells/epi-3-train-msmarco.sh:5). Without it a run is one
episode as far as weights and rates are concerned, and pools change under it.
"""

from __future__ import annotations

import shutil
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import RunConfig
from ..errors import StoreError
from ..runs.files import atomic_folder
from ..runs.snapshots import step_folder
from ..runs.writer import CHECKPOINTS
from .checkpoint import WEIGHTS, read_weights

if TYPE_CHECKING:
    from .run import Training

INHERITED = "episode-start"


@dataclass(frozen=True)
class Episodes:
    """starts: the steps at which weights start over, ascending, 0 first. steps: of the whole run."""

    starts: tuple[int, ...]
    steps: int

    @classmethod
    def of(cls, config: RunConfig) -> Episodes:
        """Those of a run; a single one unless it restarts. Episodes begin where new pools come into use."""
        refresh = config.refresh
        starts = {0}
        if config.method.restart:
            if refresh.mode == "replay":
                starts |= {active for _, active in refresh.schedule}
            elif refresh.mode in ("sync", "lag"):
                starts |= {step + refresh.lag for step in range(refresh.every, config.steps, refresh.every)}
        return cls(tuple(sorted(step for step in starts if step < config.steps)), config.steps)

    def begins(self, step: int) -> bool:
        """Whether an episode begins with the update after `step`."""
        return step in self.starts

    def place(self, step: int) -> tuple[int, int]:
        """(updates done in the episode that `step` lies in, its length): where its learning rate stands."""
        at = bisect_right(self.starts, step)
        end = self.starts[at] if at < len(self.starts) else self.steps
        start = self.starts[at - 1]
        return step - start, end - start


def restart_if_due(run: Training) -> bool:
    """Bring weights and optimizer back to the run's start where a further episode begins."""
    if run.step == run.first_step or not run.episodes.begins(run.step):
        return False
    read_weights(start_folder(run.writer.folder, run.first_step), run.model)
    run.optimizer.state.clear()
    return True


def start_folder(run_folder: Path, first_step: int) -> Path:
    """Where the weights lie that episodes begin from: the run's first checkpoint, or what a fork brought along."""
    inherited = run_folder / INHERITED
    return inherited if inherited.is_dir() else step_folder(run_folder / CHECKPOINTS, first_step)


def inherit_start(parent_folder: Path, first_step: int, run_folder: Path) -> None:
    """Give a fork its parent's start, so that the same method repeats the parent's episodes."""
    source = start_folder(parent_folder, first_step) / WEIGHTS
    if not source.exists():
        raise StoreError(
            f"{source}: missing, so a fork cannot begin its episodes as its parent does; set method.restart to false"
        )
    with atomic_folder(run_folder / INHERITED) as folder:
        shutil.copy2(source, folder / WEIGHTS)
