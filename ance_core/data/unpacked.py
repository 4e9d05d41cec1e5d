"""A zip of a collection's folder, unpacked into the cache: once for each content."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path, PurePosixPath

from ..errors import DataError
from .cache import cache_dir, cached_folder
from .problems import shown

MOST_BYTES = 16 * 2**30
MOST_FILES = 100_000
RATIO, RATIO_FROM = (
    200,
    2**30,
)  # unpacked to packed; texts reach about 20, and a small archive may be what it likes


def unpacked(path: Path) -> Path:
    """The folder with the archive's files. DataError for one that is damaged, encrypted, too large, or not to be trusted."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and _wanted(m.filename)]
            _check(path, members)
            listing = [path.name] + [f"{m.filename}\0{m.CRC}\0{m.file_size}" for m in members]
            key = hashlib.sha256("\n".join(listing).encode("utf-8", "replace")).hexdigest()[:16]

            def build(folder: Path) -> None:
                for member in members:
                    target = folder / path.name / member.filename
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(member) as source, target.open("wb") as file:
                        shutil.copyfileobj(source, file)

            return cached_folder(cache_dir() / "unpacked" / key, build) / path.name
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        reason = shown(str(error), 200)
        raise DataError(
            f"{path}: cannot be unpacked ({reason}): zip the folder again, or unpack it yourself"
        ) from None


def _wanted(name: str) -> bool:
    return not any(part == "__MACOSX" or part.startswith("._") for part in PurePosixPath(name).parts)


def _check(path: Path, members: list[zipfile.ZipInfo]) -> None:
    size = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if not members:
        raise DataError(f"{path}: no file in it: zip the collection's folder")
    if len(members) > MOST_FILES or size > MOST_BYTES or (size > RATIO_FROM and size > RATIO * packed):
        raise DataError(
            f"{path}: {len(members):,} files of {size / 2**30:.1f} GiB from {packed / 2**20:.1f} MiB: the limits are "
            f"{MOST_FILES:,} files, {MOST_BYTES // 2**30} GiB and, above {RATIO_FROM // 2**30} GiB, {RATIO} times the "
            "packed size: unpack it yourself and name the folder"
        )
    for member in members:
        parts = PurePosixPath(member.filename).parts
        if ".." in parts or member.filename.startswith("/") or ":" in parts[0] or "\\" in member.filename:
            name = shown(member.filename, 200)
            raise DataError(
                f"{path}: {name} points out of the archive: zip the folder again with plain names"
            )
        if member.flag_bits & 1:
            raise DataError(f"{path}: encrypted: unpack it yourself and name the folder")
