"""Ending the process that writes a run, before its folder is deleted under it."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path

import psutil

from ..errors import StoreError
from . import log
from .info import stored_name
from .status import ACTIVE

PATIENCE_S = 10.0  # for a process to end by itself after it was asked; an update may take a while
LAST_S = 5.0  # after it was killed


def end_writer(folder: Path) -> bool:
    """End the training that writes the run in `folder`, if there is one; whether there was.

    It is asked to stop as by Ctrl-C, which marks the run as stopped, and killed where it does not answer. A process that
    does not hold this very log open is never touched: neither that of a copy's original nor a later one with the same
    number; nor is the caller's own. StoreError for a training on another machine, or that cannot be ended.
    """
    beat = _heartbeat(folder)
    if beat is None or beat.state not in ACTIVE or not beat.writer.alive(beat.time):
        return False
    if beat.writer.pid == os.getpid() or stored_name(folder) not in (folder.name, None):
        return False
    if beat.writer.host != platform.node():
        raise StoreError(
            f"run '{folder.name}': {beat.state} on {beat.writer.host}: stop it there before deleting it"
        )
    try:
        process = psutil.Process(beat.writer.pid)
        if not _holds(process, folder):
            return False
        _end(process)
    except psutil.NoSuchProcess:
        return True
    except psutil.Error as error:
        raise StoreError(
            f"run '{folder.name}': process {beat.writer.pid} cannot be ended ({error}): end it, then delete the run"
        ) from None
    return True


def _heartbeat(folder: Path) -> log.Heartbeat | None:
    """What the log says last; None where it cannot be read, so that nobody can be known to write it."""
    path = folder / log.LOG
    with suppress(StoreError, OSError):
        return log.read(path, log.heartbeat) if path.is_file() else None
    return None


def _holds(process: psutil.Process, folder: Path) -> bool:
    """Whether a process has the log of `folder` open."""
    place = os.path.realpath(folder / log.LOG)
    return any(os.path.realpath(file.path) == place for file in process.open_files())


def _end(process: psutil.Process) -> None:
    """Ask, wait, kill; with its own processes (an inferencer ends with its trainer, but may be slow at it)."""
    family = [process, *process.children(recursive=True)]
    process.terminate()
    _, left = psutil.wait_procs(family, timeout=PATIENCE_S)
    for one in left:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    _, left = psutil.wait_procs(left, timeout=LAST_S)
    left = [one for one in left if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    if left:
        raise psutil.TimeoutExpired(LAST_S, left[0].pid)
