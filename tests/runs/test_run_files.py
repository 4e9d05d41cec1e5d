import errno
import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from ance_core.errors import StoreError
from ance_core.runs import files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_json_is_plain_for_any_reader(tmp_path: Path) -> None:
    value = {
        "a": np.float32(0.5),
        "n": np.int64(3),
        "bad": [float("nan"), float("inf")],
        "p": Path("x"),
        1: (True, None),
    }
    files.write_json_atomic(tmp_path / "a.json", value)
    text = (tmp_path / "a.json").read_text()
    refuse = lambda constant: pytest.fail(f"{constant} is not JSON")  # noqa: E731
    assert json.loads(text, parse_constant=refuse) == {
        "a": 0.5, "n": 3, "bad": [None, None], "p": "x", "1": [True, None],
    }  # fmt: skip
    assert names(tmp_path) == ["a.json"]


def test_a_value_that_is_not_json_leaves_the_old_file(tmp_path: Path) -> None:
    files.write_json_atomic(tmp_path / "a.json", [1])
    with pytest.raises(TypeError):
        files.write_json_atomic(tmp_path / "a.json", [object()])
    assert json.loads((tmp_path / "a.json").read_text()) == [1]
    assert names(tmp_path) == ["a.json"]


def test_folder_appears_whole_and_replaces(tmp_path: Path) -> None:
    for content in ("one", "two"):
        with files.atomic_folder(tmp_path / "deep" / "a") as folder:
            (folder / "sub").mkdir()
            (folder / "sub" / content).write_text(content)
            if content == "one":
                assert not (tmp_path / "deep" / "a").exists()
    assert names(tmp_path / "deep") == ["a"]
    assert names(tmp_path / "deep" / "a" / "sub") == ["two"]


@pytest.mark.parametrize(
    "error", [ValueError("bug"), KeyboardInterrupt(), FileNotFoundError(errno.ENOENT, "no x")]
)
def test_folder_of_a_failed_block_never_appears_and_the_error_passes(
    tmp_path: Path, error: BaseException
) -> None:
    with files.atomic_folder(tmp_path / "a") as folder:
        (folder / "kept").write_text("")

    def fail() -> None:
        with files.atomic_folder(tmp_path / "a") as folder:
            (folder / "half").write_text("")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == ["kept"]


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "free some disk space"),
        (OSError(errno.EFBIG, "File too large"), "free some disk space"),
        (OSError("100 requested and 3 written"), "free space"),  # numpy
        (OSError(errno.EROFS, "Read-only file system"), "folder you may write to"),
        (OSError(errno.EACCES, "Permission denied"), "folder you may write to"),
    ],
)
def test_failed_writes_name_the_remedy(tmp_path: Path, error: OSError, remedy: str) -> None:
    with pytest.raises(StoreError, match=remedy) as caught, files.atomic_folder(tmp_path / "a"):
        raise error
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "a") in str(caught.value)
    assert names(tmp_path) == []


def test_mistakes_in_code_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.ProgrammingError), files.writing(tmp_path):
        raise sqlite3.ProgrammingError("closed")


def test_a_place_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose a folder you may write to"):
        files.make_folder(tmp_path / "file" / "runs")
    with pytest.raises(StoreError, match="choose a folder you may write to"):
        files.write_json_atomic(tmp_path / "file" / "a.json", 1)


def test_sweep_takes_only_old_leftovers(tmp_path: Path) -> None:
    (tmp_path / ".tmp-folder").mkdir()
    (tmp_path / ".tmp-folder" / "x").write_text("")
    (tmp_path / ".tmp-file").write_text("")
    (tmp_path / "kept").write_text("")
    files.sweep(tmp_path, older_than=3600)
    assert len(names(tmp_path)) == 3
    files.sweep(tmp_path)
    assert names(tmp_path) == ["kept"]
    files.sweep(tmp_path / "absent")


def test_remove_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    files.remove(tmp_path / "link")
    assert names(tmp_path) == ["precious"]
