"""A run as one zip: out of a store, consistent even at work, and into another, trusting nothing."""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path, PurePosixPath

from ..errors import StoreError, cut
from ..fields import misfit
from . import log
from .files import LEFTOVERS, TEMPORARY, atomic_file, temporary, write_json_atomic, writing
from .info import RUN_JSON, check_name, read_info

MOST_BYTES = 32 << 30  # unpacked; a pretrained model with ten checkpoints has some 15 GB
MOST_FILES = 100_000
MOST_RATIO = 100  # unpacked to packed, of all; a run has below 5, since most of it is weights
_SMALL = 64 << 20  # below that the ratio is nobody's concern
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, NotImplementedError)


def export_run(folder: Path, target: Path) -> Path:
    """Write the run to `target` (a folder: `<run>.zip` in it), replacing an older file; return the path.

    The copy of the log has no writer: opened elsewhere, a run that was at work is "dead" and can be resumed.
    """
    target = target / f"{folder.name}.zip" if target.is_dir() else target
    if not target.parent.is_dir():
        raise StoreError(
            f"{target}: the folder {target.parent} does not exist: create it or choose another path"
        )
    with (
        atomic_file(target) as temp,
        tempfile.TemporaryDirectory(dir=target.parent, prefix=TEMPORARY) as aside,
    ):
        log.copy(folder / log.LOG, Path(aside, log.LOG))
        with zipfile.ZipFile(temp, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.write(Path(aside, log.LOG), f"{folder.name}/{log.LOG}")
            for path in _files(folder):
                with suppress(FileNotFoundError):  # a resume dropped it: no longer part of the run
                    archive.write(path, f"{folder.name}/{path.relative_to(folder).as_posix()}")
    return target


def _files(folder: Path) -> list[Path]:
    """What makes up a run besides the log and half-written files."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(LEFTOVERS))
        found += [Path(parent, name) for name in sorted(names) if not name.startswith((*LEFTOVERS, log.LOG))]
    return found


def import_run(archive_path: Path, store: Path, name: str | None = None) -> Path:
    """Unpack an exported run into the store under `name` (default: its own); return its folder.

    Raises StoreError for a zip that is damaged, no run, from a newer version, would write outside, or unpacks to more
    than MOST_BYTES, MOST_FILES or MOST_RATIO times its own size.
    """
    try:
        with zipfile.ZipFile(archive_path) as archive:
            members, root = _members(archive, archive_path)
            name = check_name(name or root or archive_path.stem)
            return _unpack(archive, members, root, store / name)
    except FileNotFoundError:
        raise StoreError(f"{archive_path}: no such file: check the path") from None
    except OSError as error:
        raise StoreError(f"{archive_path}: cannot be read ({error.strerror}): check the path") from None
    except _DAMAGE as error:
        raise StoreError(f"{archive_path}: not a readable zip ({error}): export the run again") from None


def _members(archive: zipfile.ZipFile, path: Path) -> tuple[list[zipfile.ZipInfo], str]:
    """The files of the run in the zip and the name of the folder they are in ("" for none)."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    _check_size(members, path)
    for member in members:
        parts = PurePosixPath(member.filename).parts
        unsafe = (
            member.filename.startswith("/")
            or ".." in parts
            or "\\" in member.filename
            or ":" in member.filename
            or misfit(member.filename)
        )
        if unsafe or stat.S_ISLNK(member.external_attr >> 16):
            raise StoreError(
                f"{path}: holds {cut(repr(member.filename))}, which leads outside the run: do not trust this zip"
            )
    paths = [PurePosixPath(member.filename) for member in members]
    roots = [place.parent for place in paths if place.name == RUN_JSON and len(place.parts) <= 2]
    if len(roots) != 1:
        raise StoreError(f"{path}: {len(roots)} runs in it, 1 is needed: make it with `ance runs export`")
    inside = [member for member, place in zip(members, paths, strict=True) if place.is_relative_to(roots[0])]
    return inside, roots[0].name


def _check_size(members: list[zipfile.ZipInfo], path: Path) -> None:
    """StoreError for an archive that is small to send and would fill a disk."""
    packed, size = sum(m.compress_size for m in members), sum(m.file_size for m in members)
    if len(members) > MOST_FILES:
        raise StoreError(
            f"{path}: {len(members):,} files in it, a run has at most {MOST_FILES:,}: do not trust this zip"
        )
    if size > MOST_BYTES:
        raise StoreError(
            f"{path}: unpacks to {size >> 30} GB, a run may have {MOST_BYTES >> 30} GB: unpack it by hand if it is yours"
        )
    if size > _SMALL and size > MOST_RATIO * packed:
        raise StoreError(
            f"{path}: unpacks to {size / max(packed, 1):,.0f} times its size, a run to at most {MOST_RATIO} times: "
            "do not trust this zip"
        )


def _unpack(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], root: str, folder: Path) -> Path:
    needed, free = sum(member.file_size for member in members), shutil.disk_usage(folder.parent).free
    if needed > free:
        raise StoreError(
            f"{folder}: the zip needs {needed >> 20} MB, {free >> 20} MB are free: free some space"
        )
    aside = temporary(folder)
    temp = aside / folder.name
    try:
        for member in members:
            inside = PurePosixPath(member.filename).relative_to(root)
            if any(part.startswith(LEFTOVERS) for part in inside.parts):
                continue
            path = temp / inside
            with writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, open(path, "wb") as file:
                    shutil.copyfileobj(source, file)
        write_json_atomic(temp / RUN_JSON, read_info(temp))  # under its new name
        try:
            log.disown(temp / log.LOG)
        except StoreError as error:
            raise StoreError(
                f"{archive.filename}: no readable {log.LOG} in it: export the run again"
            ) from error
        claim_name(temp, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def claim_name(temp: Path, folder: Path) -> None:
    """Make the complete folder `temp` the run `folder`; of several that try at once exactly one succeeds."""
    taken = StoreError(
        f"run '{folder.name}': exists already in {folder.parent}: choose another --name, "
        f"or --resume {folder.name}, or delete it"
    )
    if os.path.lexists(folder):
        raise taken
    try:
        os.rename(temp, folder)  # refuses to replace a folder that has files in it, and a run always has
    except (FileExistsError, NotADirectoryError):
        raise taken from None
    except OSError as error:
        if folder.exists():  # ENOTEMPTY, under the names that systems give it
            raise taken from None
        with writing(folder):
            raise error
