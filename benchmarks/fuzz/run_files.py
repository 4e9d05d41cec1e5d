"""Damaged files of a run against everything that reads runs: the library, the commands, what pages ask for.

Beside the damaged run lies a sound one: it must be listed and read as if it were alone. A reader of the damaged one
may refuse, in one line; it must not raise anything else, hang, or print more.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from ance_core.runs import Store

from .guard import ask
from .readers import command, heavy, light
from .wounds import damage

CASES = 3000
SETTINGS: dict[str, Any] = {
    "encoder": {"width": 16, "dim": 16, "vocab_size": 400},
    "batch_size": 8,
    "warmup": {"steps": 5},
    "negatives": {"pool_depth": 10},
    "refresh": {"mode": "sync", "every": 4},
    "record": {
        "eval_every": 5, "snapshot_every": 6, "checkpoint_every": 4, "probe_every": 6, "probe_queries": 8,
    },
}  # fmt: skip
STEPS = 12


def original(folder: Path) -> Path:
    """A folder of runs with `good`, which has every kind of file that a run can have, and `half`, that was cut short."""
    import ance_core
    from ance_core.experiments.variance import variance_of_run
    from ance_core.probes.projection.frames import gather
    from ance_core.probes.projection.stored import Projection, note_progress, write_umap

    run = ance_core.train("tiny", "ance", runs=folder, name="good", steps=STEPS, **SETTINGS)
    variance_of_run(run, None, "random,ance", 2)
    frames = gather(run, 30, 3)
    write_umap(run.folder, Projection(frames.steps, frames.is_query, frames.rows, frames.vectors[:, :, :2]))
    note_progress(run.folder, 0.5)
    shutil.copytree(folder / "good", folder / "half")
    for name in ("results.json", "per_query.parquet", "model"):
        path = folder / "half" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    command(["runs", "list", "--runs", str(folder)])  # before the log is changed below
    _cut_short(folder / "half")
    return folder


def _cut_short(folder: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(folder / "log.sqlite")) as connection:
        connection.execute("UPDATE heartbeat SET state = 'stopped'")
        connection.commit()


def main(cases: int, seed: int) -> list[str]:
    """`cases` damaged runs; a line for each that something went wrong with."""
    with tempfile.TemporaryDirectory(prefix="ance-fuzz-") as folder:
        base = original(Path(folder, "original"))
        return attack(base, Path(folder), cases, seed)


def attack(base: Path, aside: Path, cases: int, seed: int) -> list[str]:
    """The same on a folder of runs as `original` makes; `aside`: where the damaged ones are put."""
    failures = []
    warm_ups = [path for path in base.iterdir() if path.name.startswith("warmup")]
    for case in range(cases):
        random = Random(f"{seed}/{case}")
        runs = aside / "runs"
        runs.mkdir()
        for path in [base / "good", *warm_ups]:
            (runs / path.name).symlink_to(path.absolute())
        name = random.choice(["bad", "bad", "bad (copy)", "bäd"])
        kind = random.choice(["good", "good", "half"])
        shutil.copytree(base / kind, runs / name)
        files = sorted(path for path in (runs / name).rglob("*") if path.is_file())
        wounds = []
        for _ in range(random.choice([1, 1, 1, 3])):
            path = random.choice(files)
            if path.is_file():
                wounds.append(f"{path.relative_to(runs / name)} {damage(path, random)}")
        said = f"case {case} ({kind}, {'; '.join(wounds)})"
        touched = {wound.split("/")[0].split(" ")[0] for wound in wounds}
        failures += [f"{said}: {line}" for line in look(runs, name, touched, random)]
        shutil.rmtree(runs)
    return failures


def look(runs: Path, name: str, touched: set[str], random: Random) -> list[str]:
    """What went wrong when everything read the folder of runs, in which `name` is damaged."""
    failures = _listed(runs, name)
    readers: dict[str, Callable[[], Any]] = light(runs, name)
    if touched & {"model", "checkpoints", "pools", "run.json", "log.sqlite"}:
        readers |= heavy(runs, name, runs.parent / "zip", random)
    for what, read in readers.items():
        if said := ask(read):
            failures.append(f"{what}: {said}")
    return failures


def _listed(runs: Path, name: str) -> list[str]:
    """Whether the list of runs has both, and the sound one as ever."""
    failures = []
    store = Store(runs)
    found = {run.name: run for run in store.runs()}
    if "good" not in found or found["good"].status().state != "finished" or found["good"].damage():
        failures.append("the sound run is not listed as sound")
    if name not in found and name not in store.damaged():
        failures.append("the damaged run is neither listed nor named")
    for words in (["list"], ["list", "--json"]):
        code, out, err = command(["runs", *words, "--runs", str(runs)])
        if code or "good" not in out:
            failures.append(f"runs {' '.join(words)}: exit code {code}: {err[-200:]}")
        elif name not in out + err:
            failures.append(f"runs {' '.join(words)} does not name the damaged run")
    code, _, err = command(["runs", "show", name, "--runs", str(runs)])
    if code not in (0, 1) or (code == 1 and len(err.strip().splitlines()) != 1):
        failures.append(f"runs show: exit code {code}: {err[-300:]!r}")
    return failures
