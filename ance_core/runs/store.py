"""The store: a folder of runs. The only door between training and its readers.

store = Store(Path("runs"), create=True)
for run in store.runs():
    print(run.name, run.status().state)
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import Any

from ..errors import StoreError, nearest
from . import archive, log
from .ending import end_writer
from .files import TEMPORARY, make_folder, remove, sweep, temporary, write_json_atomic, writing
from .info import RUN_JSON, check_name, new_info, read_info
from .reader import Run
from .status import Writer
from .writer import RunWriter

logger = logging.getLogger(__name__)
_PROBE_BYTES = 1 << 16
_STALE_S = 3600.0  # nobody takes an hour to create a run


class Store:
    """The runs in `folder`. `create`: make the folder and prove that it can be written, before any work.

    Raises StoreError when the folder does not exist (without `create`) or cannot be written (with it).
    """

    def __init__(self, folder: Path | str, create: bool = False) -> None:
        self.folder = Path(folder)
        self._runs: dict[str, tuple[tuple[int, ...], Run]] = {}  # by name: stamp of run.json, and the run
        self._logs: dict[str, tuple[int, ...]] = {}  # by name: stamp of a log at rest that could be read
        self._problems: dict[str, str] = {}
        if create:
            _check_writable(self.folder)
            sweep(self.folder, older_than=_STALE_S)
        elif not os.path.isdir(self.folder):  # False, too, for a name that no folder can have
            raise StoreError(
                f"{self.folder}: no such runs folder: train something first, or name another with --runs"
            )

    # -- reading -------------------------------------------------------------------------------------------

    def runs(self) -> list[Run]:
        """All readable runs, oldest first; `problems` has the others. Fast: run.json is cached."""
        runs, problems = [], {}
        for name in self._names():
            try:
                runs.append(self._cached(name))
            except StoreError as error:
                problems[name] = str(error)
                if problems[name] != self._problems.get(name):
                    logger.warning("skipped: %s", error)
        self._problems = problems
        return sorted(runs, key=lambda run: (run.info.get("created") or 0.0, run.name))

    def damaged(self) -> dict[str, str]:
        """The folders that `runs` skips, by name, with a line each: half-born, damaged, or of a newer version."""
        self.runs()
        return dict(self._problems)

    def run(self, name: str) -> Run:
        """The run of that name; StoreError when there is none (with the nearest name) or it is damaged.

        Also one whose folder has a name that no run is given, such as "good (copy)" of a file manager.
        """
        known = self._names()
        if name not in known:
            check_name(name)
            hint = nearest(name, known) if known else "; there are none yet"
            raise StoreError(f"run '{name}': not in {self.folder}{hint}")
        return self._cached(name)

    def problems(self) -> list[str]:
        """The lines of `damaged`."""
        return list(self.damaged().values())

    def _names(self) -> list[str]:
        try:
            with os.scandir(self.folder) as entries:
                return sorted(
                    entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")
                )
        except OSError as error:
            raise StoreError(
                f"{self.folder}: cannot be read ({error.strerror}): name another with --runs"
            ) from None

    def _cached(self, name: str) -> Run:
        folder = self.folder / name
        try:
            stat = os.stat(folder / RUN_JSON)
            stamp: tuple[int, ...] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:
            stamp = ()
        known = self._runs.get(name)
        if known is None or known[0] != stamp:
            known = self._runs[name] = (stamp, Run(folder, read_info(folder)))
        if not os.path.lexists(folder / log.LOG):
            raise StoreError(
                f"run '{name}': damaged, {log.LOG} is missing: restore it from a copy or delete the folder"
            )
        run = known[1]
        if (resting := run.stamp()) is None or self._logs.get(name) != resting:
            run.status()  # StoreError where the log cannot be read
            if resting is not None:
                self._logs[name] = resting
        return run

    # -- writing -------------------------------------------------------------------------------------------

    def create_run(self, name: str, config: dict[str, Any], **meta: Any) -> RunWriter:
        """Start a run: a new folder with its `run.json`, and the writer for it.

        `config`: the resolved settings; `meta`: more for run.json (kind, recipe, seed, dataset, init...).
        Raises StoreError when the name is taken or invalid, or the folder cannot be written.
        """
        folder = self.folder / check_name(name)
        steps = config.get("steps") or 0
        temp = temporary(folder)  # filled first: no reader ever sees a run without its run.json
        make_folder(temp)
        try:
            write_json_atomic(temp / RUN_JSON, new_info(name, config, meta))
            log.create(temp / log.LOG, Writer.this(), steps)
            archive.claim_name(temp, folder)
        finally:
            shutil.rmtree(temp, ignore_errors=True)
        return RunWriter(folder, steps, claimed=True)

    def resume_run(self, name: str) -> RunWriter:
        """Go on writing a run whose process has ended; call `truncate_after` with the checkpoint's step next.

        Raises StoreError when a living process is writing the run.
        """
        run = self.run(name)
        return RunWriter(run.folder, steps=run.info["config"].get("steps") or 0)

    def delete(self, name: str, force: bool = False) -> None:
        """Remove a run and all its files. `force`: also one that is being written, or is damaged.

        A training that writes it is ended first, with its process. Raises StoreError when there is no such run, it is
        at work, or its process does not end.
        """
        self.check_delete(name, force)
        if force:
            end_writer(self.folder / name)
        remove(self.folder / name)
        self._runs.pop(name, None)

    def check_delete(self, name: str, force: bool = False) -> None:
        """Raise what `delete` would raise, and delete nothing."""
        if force and name in self._names():
            return
        status = self.run(name).status()
        if status.active:
            raise StoreError(
                f"run '{name}': {status.state} (process {status.pid}): stop it before deleting it"
            )

    def export(self, name: str, zip_path: Path | str) -> Path:
        """Write a run, even one at work, to a zip (a folder: `<name>.zip` in it); return its path."""
        return archive.export_run(self.run(name).folder, Path(zip_path))

    def import_zip(self, zip_path: Path | str, name: str | None = None) -> Run:
        """Unpack an exported run into this store, under another `name` if wished.

        Raises StoreError for a damaged or unsafe zip, a newer format, or a name that is taken.
        """
        return Run(archive.import_run(Path(zip_path), self.folder, name))


def _check_writable(folder: Path) -> None:
    make_folder(folder)
    with writing(folder):
        probe = folder / f"{TEMPORARY}probe-{os.getpid()}"
        try:
            with open(probe, "wb") as file:
                file.write(bytes(_PROBE_BYTES))
                os.fsync(file.fileno())
        finally:
            probe.unlink(missing_ok=True)
