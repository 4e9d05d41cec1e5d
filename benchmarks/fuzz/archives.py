"""Damaged and hostile zips against `ance runs import`: refused in one line, nothing outside, nothing left behind."""

# ruff: noqa: E501 (lists of inputs)

from __future__ import annotations

import shutil
import stat
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

from ance_core.errors import AnceError
from ance_core.runs import Store

from .guard import ask
from .toy import toy_run

CASES = 1500
NAMES = (
    "../../evil", "/etc/evil", "..\\evil", "C:/evil", "toy/../../evil", "toy/a\0b", "toy/\x1b[2J", "toy/" + "n" * 300, "toy//x",
    "./toy/x", "toy/.tmp-x/y", "toy/.model-x/y", "toy/results.json/x", "toy/log.sqlite", "toy/run.json", "run.json", "toy",
    "", " ", "toy/snapshots", "TOY/run.json", "toy/ä", "toy/" + "d/" * 200 + "x", "toy/x y",
)  # fmt: skip


def main(cases: int, seed: int) -> list[str]:
    """`cases` archives; a line for each that something went wrong with."""
    with tempfile.TemporaryDirectory(prefix="ance-fuzz-") as folder:
        base = Path(folder, "base")
        toy_run(base, "toy")
        good = Store(base).export("toy", Path(folder, "good.zip"))
        failures = []
        for case in range(cases):
            random = Random(f"{seed}/{case}")
            kind = random.choice(list(KINDS))
            place = Path(folder, "case")
            place.mkdir()
            bad = place / "bad.zip"
            shutil.copy(good, bad)
            KINDS[kind](bad, random)
            failures += [f"case {case} ({kind}): {line}" for line in look(bad, place)]
            shutil.rmtree(place)
        return failures


def look(bad: Path, place: Path) -> list[str]:
    """What went wrong when a zip was imported into an empty store beside it."""
    store = Store(place / "runs", create=True)
    failures, refused = [], True

    def bring() -> None:
        nonlocal refused
        store.import_zip(bad)
        refused = False

    if said := ask(bring):
        failures.append(said)
    if {path.name for path in place.iterdir()} != {"bad.zip", "runs"}:
        failures.append(f"written outside: {sorted(path.name for path in place.iterdir())}")
    left = list(store.folder.iterdir())
    if refused and left:
        failures.append(f"refused, and yet there is {left[0].name}")
    if not refused:
        for path in store.folder.rglob("*"):
            if path.is_symlink() or path.name.startswith((".tmp-", ".model-")):
                failures.append(f"unpacked {path.name}")
        try:
            for run in store.runs():
                run.status(), run.scalars(), run.damage()
        except AnceError as error:
            failures.append(f"imported, and cannot be read: {error}")
    return failures


# -- what is done to the zip ---------------------------------------------------------------------------------------


def _bytes(path: Path, random: Random) -> None:
    data = bytearray(path.read_bytes())
    what = random.choice(["flip", "cut", "garbage", "twice", "front", "empty"])
    if what == "flip":
        for _ in range(random.choice([1, 5, 50])):
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    elif what == "cut":
        del data[random.randrange(len(data)) :]
    elif what == "garbage":
        data = bytearray(random.randbytes(random.choice([0, 4, 22, 3000])))
    elif what == "twice":
        data += bytes(data)
    elif what == "front":
        data = bytearray(random.randbytes(100)) + data
    else:
        data.clear()
    path.write_bytes(bytes(data))


def _directory(path: Path, random: Random) -> None:
    """A field of the central directory (sizes, offsets, flags, methods) is another number."""
    data = bytearray(path.read_bytes())
    starts = [i for i in range(len(data) - 46) if data[i : i + 4] == b"PK\x01\x02"]
    at = random.choice(starts) + random.choice([8, 10, 16, 20, 24, 28, 30, 32, 38, 42])
    size = random.choice([2, 4])
    value = random.choice([0, 1, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF, random.getrandbits(32)]) & (
        2 ** (8 * size) - 1
    )
    data[at : at + size] = struct.pack("<H" if size == 2 else "<I", value)
    path.write_bytes(bytes(data))


def _members(path: Path, random: Random) -> None:
    """Members with other names, contents, kinds; some gone, some twice, some more."""
    with zipfile.ZipFile(path) as old:
        members = [(info.filename, old.read(info)) for info in old.infolist()]
    for _ in range(random.choice([1, 2])):
        at = random.randrange(len(members))
        name, data = members[at]
        what = random.choice(["name", "gone", "more", "content", "twice", "inner"])
        if what == "name":
            members[at] = (random.choice(NAMES), data)
        elif what == "gone" and len(members) > 1:
            members.pop(at)
        elif what == "content":
            members[at] = (
                name,
                random.choice([b"", b"[]", b"{" * 1000, b"[" * 100_000, random.randbytes(500)]),
            )
        elif what == "twice":
            members.append((name, random.randbytes(9)))
        elif what == "inner":
            members.append((f"{name}/inner", b"x"))
        else:
            members.append((random.choice(NAMES), random.randbytes(20)))
    with zipfile.ZipFile(path, "w", random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as new:
        for name, data in members:
            _write(new, zipfile.ZipInfo(name or "x"), data, random)


def _write(new: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes, random: Random) -> None:
    if random.random() < 0.05:
        kind = random.choice([stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
        info.external_attr = (kind | 0o777) << 16
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that come twice, which is the point here
        new.writestr(info, data)


def _bomb(path: Path, random: Random) -> None:
    """A member that unpacks to far more than it weighs: zeros, and in the directory the size of a disk."""
    megabytes = random.choice([1, 1, 1, 65])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("toy/zeros", bytes(megabytes << 20))


# Bombs take longest and differ least.
KINDS: dict[str, Callable[[Path, Random], None]] = {
    "bytes": _bytes, "directory": _directory, "members": _members, "bomb": _bomb,
}  # fmt: skip
