import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ance_core.data.cache import cache_dir, cached_folder
from ance_core.errors import DataError


def test_the_variable_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("ANCE_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
    monkeypatch.delenv("ANCE_CACHE")
    assert cache_dir().name == "ance"


def test_nothing_is_left_when_building_fails(tmp_path):
    def build(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cached_folder(tmp_path / "made", build)
    assert list(tmp_path.iterdir()) == []


def test_two_at_once_give_one_folder(tmp_path):
    built = []

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "file").write_text("whole")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: cached_folder(tmp_path / "made", build), range(4)))
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert (tmp_path / "made" / "file").read_text() == "whole"
    assert len(built) >= 1


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "cache").write_text("not a folder")
    with pytest.raises(DataError, match=r"cannot be written .*ANCE_CACHE"):
        cached_folder(tmp_path / "cache" / "made", lambda folder: None)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is unwritable to this user")
def test_an_unwritable_cache(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="cannot be written"):
        cached_folder(tmp_path / "made", lambda folder: None)


def test_a_full_disk_leaves_nothing(tmp_path):
    def build(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(DataError, match=r"No space left on device\): free space or set ANCE_CACHE"):
        cached_folder(tmp_path / "made", build)
    assert list(tmp_path.iterdir()) == []
