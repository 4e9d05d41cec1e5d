"""`ance runs`: list, show, delete with a question, export and import; tables on a narrow terminal."""

import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import termios

import pytest
from rich.console import Console

from ance_core.runs import Store
from ance_core.tables import Column, FittedTable

from ..terminal import command, refusal, tree


class Typed(io.StringIO):
    """Somebody at a terminal who answers."""

    def isatty(self):
        return True


def test_list_shows_every_run_and_skips_what_is_none(ance, copied):
    (copied / "notes").mkdir()
    done = ance("runs", "list", "--runs", copied)
    assert done.code == 0
    assert all(run.name in done.out for run in Store(copied).runs())
    assert (
        done.err
        == f"note: skipped {copied / 'notes'}: not a run, run.json is missing: move it elsewhere or delete it\n"
    )
    found = json.loads(ance("runs", "list", "--runs", copied, "--json").out)
    assert {run["run"] for run in found["runs"]} == {run.name for run in Store(copied).runs()}
    assert len(found["problems"]) == 1


def test_show_is_an_outline(ance, trained):
    out = ance("runs", "show", "ance-a", "--runs", trained).out
    assert re.search(r"^state: finished$", out, re.M)
    assert re.search(r"^    encoder:\n      kind: static$", out, re.M)
    assert re.search(r"^checkpoints: 0, 5, 10, 12$", out, re.M)
    assert "None" not in out


def test_delete_takes_all_or_none(ance, copied):
    before = tree(copied)
    assert "did you mean 'ance-a'" in refusal(ance("runs", "delete", "random-a", "ance-b", "--runs", copied))
    assert tree(copied) == before
    done = ance("runs", "delete", "random-a", "ance-a", "random-a", "--runs", copied)
    assert (done.code, done.out, done.err) == (0, "", "deleted random-a\ndeleted ance-a\n")
    assert [run.info["kind"] for run in Store(copied).runs()] == ["warmup"]


@pytest.mark.parametrize(("answer", "words", "left"), [("n\n", [], 3), ("y\n", [], 2), ("", ["--yes"], 2)])
def test_at_a_terminal_delete_asks(ance, copied, monkeypatch, answer, words, left):
    monkeypatch.setattr("sys.stdin", Typed(answer))
    done = ance("runs", "delete", "ance-a", *words, "--runs", copied)
    assert done.code == 0
    assert ("Delete ance-a? There is no way back." in done.err) == bool(answer)
    assert len(Store(copied).runs()) == left


def test_a_run_at_work_is_not_deleted(ance, copied):
    writer = Store(copied).resume_run("ance-a")
    writer.heartbeat(3, "running")
    assert "stop it before deleting it" in refusal(ance("runs", "delete", "ance-a", "--runs", copied))
    writer.finish("stopped")
    assert ance("runs", "delete", "ance-a", "--runs", copied).code == 0


def test_export_and_import(ance, trained, tmp_path):
    done = ance("runs", "export", "ance-a", tmp_path, "--runs", trained)
    assert done.out == f"{tmp_path / 'ance-a.zip'}\n"
    done = ance("runs", "import", tmp_path / "ance-a.zip", "--name", "theirs", "--runs", tmp_path / "runs")
    assert (done.code, done.out) == (0, "theirs\n")
    first, second = Store(trained).run("ance-a"), Store(tmp_path / "runs").run("theirs")
    assert first.results() == second.results()
    before = tree(tmp_path / "runs")
    again = refusal(
        ance("runs", "import", tmp_path / "ance-a.zip", "--name", "theirs", "--runs", tmp_path / "runs")
    )
    assert again.startswith("run 'theirs': exists already")
    assert tree(tmp_path / "runs") == before


def at_width(columns, *words):
    """What a command prints on a real terminal of that many columns, without colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")} | {"TERM": "xterm"}
    with subprocess.Popen(
        command(*words), stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL, env=env
    ) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end has closed
                break
            if not part:
                break
            shown += part
    os.close(ours)
    assert running.returncode == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r", "")


def test_a_comparison_fits_80_columns(ance, trained):
    words = ("compare", "ance-a", "random-a", "--runs", trained)
    narrow = at_width(80, *words)
    assert max(map(len, narrow.splitlines())) <= 80
    row = next(line for line in narrow.splitlines() if line.strip().startswith("random"))
    assert re.fullmatch(
        r" random +0\.\d{4} .*[+-]0\.\d{4} \[[+-]0\.\d{4}, [+-]0\.\d{4}\] .*\d\.\d{4} +(undecided|higher|lower) *",
        row,
    )
    assert "no room for: nDCG@10" in narrow
    assert "this seed only" in narrow
    assert "negatives a query" in narrow
    wide = ance(*words).out
    assert all(heading in wide for heading in ("nDCG@10", "Success@1", "p (Holm)", "wins/ties/losses"))
    assert "no room for" not in wide


def shown(table, width):
    stream = io.StringIO()
    Console(file=stream, width=width).print(table)
    return stream.getvalue()


def test_columns_go_by_rank_and_never_those_that_matter():
    table = FittedTable(
        [Column("run"), Column("data", spare=2), Column("seed", True, spare=1)], "title", ["beware"]
    )
    table.add("a-long-name-of-a-run", "[bold]tiny", "0")
    assert [word in shown(table, 60) for word in ("[bold]tiny", "seed", "no room", "beware", "title")] == [
        *(True, True, False, True, True)
    ]
    assert [word in shown(table, 34) for word in ("tiny", "seed", "no room for: data")] == [False, True, True]
    assert "a-long-name-of-a-run" in shown(table, 24)
    assert "seed" not in shown(table, 24).splitlines()[1]
