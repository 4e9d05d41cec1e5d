"""Exit codes, what escapes, and how little is loaded to answer a small question."""

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from ance_core.cli.entry import guarded
from ance_core.errors import ConfigError

from ..terminal import process


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["data", "list"], 0),
        (["runs", "list", "--runs", "nowhere"], 1),
        (["trian"], 2),
        (["train", "--steps", "many"], 2),
        (["train", "--step", "3"], 2),
        (["search", "run"], 2),
        ([], 2),
    ],
)
def test_exit_codes(ance, words, code):
    done = ance(*words)
    assert done.code == code
    assert "Traceback" not in done.err


def test_an_error_of_the_user_is_one_line(capfd):
    def work():
        raise ConfigError("a: b;\n  c")

    assert guarded(work) == 1
    assert capfd.readouterr() == ("", "ance: a: b; c\n")


def test_a_defect_is_one_line_and_keeps_its_traceback(capfd, monkeypatch, tmp_path):
    monkeypatch.delenv("ANCE_DEBUG", raising=False)
    with monkeypatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path))
        assert guarded(lambda: 1 // 0) == 70
    out, err = capfd.readouterr()
    assert out == ""
    found = re.fullmatch(
        r"ance: unexpected: ZeroDivisionError: .*; the traceback is in (\S+), please report it\n", err
    )
    kept = Path(found[1]).read_text()
    assert kept.startswith("Traceback")
    assert "test_entry.py" in kept

    with monkeypatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
        assert guarded(lambda: 1 // 0) == 70
    assert "set ANCE_DEBUG=1" in capfd.readouterr().err


def test_debugging_shows_the_traceback_in_place(capfd, monkeypatch):
    monkeypatch.setenv("ANCE_DEBUG", "1")
    assert guarded(lambda: 1 // 0) == 70
    err = capfd.readouterr().err
    assert "ance: unexpected: ZeroDivisionError" in err
    assert "Traceback (most recent call last)" in err


def test_ctrl_c_anywhere_is_130(capfd):
    def work():
        raise KeyboardInterrupt

    assert guarded(work) == 130
    assert capfd.readouterr() == ("", "")


def test_libraries_warn_nobody(capfd):
    def work():
        import logging

        logging.getLogger("bm25s").warning("a library talks")
        logging.getLogger("ance_core.data").warning("two queries share a text")
        warnings.warn("a library warns", stacklevel=1)

    assert guarded(work) == 0
    assert capfd.readouterr() == ("", "note: two queries share a text\n")


def test_small_questions_load_no_deep_learning(trained):
    """Help and lists answer at once: neither torch nor its company is imported for them."""
    heavy = ("torch", "transformers", "faiss", "accelerate", "pandas", "scipy", "plotly", "streamlit")
    commands = [
        ["--help"],
        ["train", "--help"],
        ["runs", "list", "--json", "--runs", str(trained)],
        ["data", "list"],
    ]
    source = (
        "import sys, json\nfrom ance_core.cli.entry import run\n"
        f"codes = [run(words) for words in {commands!r}]\n"
        f"print(json.dumps([codes, [name for name in {heavy!r} if name in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [[0, 0, 0, 0], []]


def test_a_reader_that_leaves_early_is_no_defect(trained):
    done = subprocess.run(
        f"{sys.executable} -m ance_core runs list --runs {trained} | true",
        shell=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""


def test_letters_the_terminal_lacks(tmp_path):
    """A passage in another script on an old terminal is escaped, not a crash; JSON stays exact."""
    path = tmp_path / "pairs.csv"
    path.write_text(
        "query,passage\n" + "".join(f"frage {i},straße {i} 灯台\n" for i in range(40)), encoding="utf-8"
    )
    plain = process("data", "show", path, "-n", "1", PYTHONIOENCODING="ascii")
    assert plain.code == 0
    assert "stra\\xdfe" in plain.out
    exact = process("data", "show", path, "-n", "1", "--json", PYTHONIOENCODING="ascii")
    assert "灯台" in json.loads(exact.out)["queries"][0]["relevant"][0]["text"]
