"""What is damaged of a run: a quick look at every file that a reader may ask for.

A file that is looked at here and found sound may still hold wrong bytes in its middle; its reader says so then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import StoreError
from . import negatives, probes, snapshots
from .headers import check_json_text, check_parquet, check_safetensors
from .reading import COPY, brief, damaged, read_json, reading

if TYPE_CHECKING:
    from .reader import Run

POOLS, MODEL, STATE, RESULTS, PER_QUERY = "pools", "model", "state.json", "results.json", "per_query.parquet"
CHECKPOINT_REMEDY = "delete the folder {}, and the checkpoint before it is used"
POOL_REMEDY = "restore it from a copy, or delete the checkpoints from step {} on and resume the run"
PART_REMEDY = "delete it, and its records are missing; the others are shown"


def damage_of(run: Run) -> list[str]:
    """A line for each file that cannot be used; the run's own log and `run.json` are not looked at."""
    found = []
    for check in _checks(run):
        try:
            check()
        except FileNotFoundError:  # a resume dropped it meanwhile
            continue
        except StoreError as error:
            found.append(str(error))
        except OSError as error:
            found.append(f"{run.folder}: cannot be looked at ({brief(error)}): check its permissions")
    return found


def _checks(run: Run) -> Iterator[Callable[[], object]]:
    folder = run.folder
    for name in (negatives.FOLDER, snapshots.FOLDER, probes.FOLDER, "checkpoints", POOLS, MODEL):
        yield partial(_check_folder, folder / name)
    yield run.results
    yield _file(folder / PER_QUERY, check_parquet, COPY, optional=True)
    for part in negatives.parts(folder):
        yield _file(part.path, check_parquet, PART_REMEDY)
    for step in snapshots.step_folders(folder / snapshots.FOLDER):
        yield partial(run.snapshot, step)
    for step in probes.steps(folder):
        yield _file(probes.probe_path(folder, step), check_parquet, probes.REMEDY)
    for step in probes.variance_steps(folder):
        yield partial(probes.read_variance, folder, step)
    yield from _checkpoints(folder)
    yield from _model(folder / MODEL)


def _check_folder(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise damaged(path, "a file in place of a folder", "delete it, or restore the folder from a copy")


def _file(
    path: Path, check: Callable[[Path], object], remedy: str, optional: bool = False
) -> Callable[[], None]:
    def look() -> None:
        if optional and not path.exists():
            return
        with reading(path, remedy):
            check(path)

    return look


def _checkpoints(folder: Path) -> Iterator[Callable[[], object]]:
    steps = snapshots.step_folders(folder / "checkpoints")
    for place in steps.values():
        remedy = CHECKPOINT_REMEDY.format(place.name)
        if not (place / STATE).exists():  # not one of ours, or only half there
            continue
        for name in ("model.safetensors", "optimizer.safetensors"):
            yield _file(place / name, check_safetensors, remedy)
        yield partial(read_state, place)
    for path in sorted((folder / POOLS).glob("step-*.safetensors")) if (folder / POOLS).is_dir() else ():
        yield _file(
            path, check_safetensors, POOL_REMEDY.format(path.stem.removeprefix("step-").lstrip("0") or "0")
        )
    for place in list(steps.values())[-1:]:
        yield partial(_check_pools, folder, place)


def _check_pools(folder: Path, checkpoint: Path) -> None:
    """The pools that the last checkpoint would go on with."""
    if not (checkpoint / STATE).exists():
        return
    state = read_state(checkpoint)
    for step in pools_of(state):
        path = folder / POOLS / f"step-{step:08d}.safetensors"
        if not path.exists():
            raise damaged(path, "it is missing", POOL_REMEDY.format(step))


def read_state(checkpoint: Path) -> dict[str, Any]:
    """The `state.json` of a checkpoint, with `step`, `first_step`, `seconds` and `pools` of their types.

    StoreError where it is damaged.
    """
    path, remedy = checkpoint / STATE, CHECKPOINT_REMEDY.format(checkpoint.name)
    state = read_json(path, remedy)
    with reading(path, remedy):
        pools = state["pools"]
        numbers = [state["step"], state["first_step"], *(n for pair in pools["waiting"] for n in pair)]
        numbers += [pools["current"]] if pools["current"] is not None else []
        if not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 1 << 31 for n in numbers):
            raise ValueError("steps that are no whole numbers")
        if any(len(pair) != 2 for pair in pools["waiting"]):
            raise ValueError("pools.waiting: no pairs of steps")
        quality = state.get("start_quality")
        if not 0 <= state["seconds"] < 1e12 or (quality is not None and not isinstance(quality, int | float)):
            raise ValueError("seconds or start_quality that cannot be")
    return state


def pools_of(state: dict[str, Any]) -> list[int]:
    """The steps of the pools that a checkpoint needs, ascending."""
    pools = state["pools"]
    return sorted({pools["current"], *(index for _, index in pools["waiting"])} - {None})


def _model(folder: Path) -> Iterator[Callable[[], object]]:
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    yield _file(folder / "model.safetensors", check_safetensors, COPY)
    yield _file(folder / "tokenizer.json", check_json_text, COPY, optional=True)
    yield partial(read_json, folder / "ance.json")
