"""Runs that cannot be used: a name taken, a newer version, damage, nothing in them."""

import json
import shutil
import sqlite3

import pytest

from ance_core.runs import Store


def test_a_name_that_is_taken(refused):
    message = refused("train", "--name", "good")
    assert message.startswith("run 'good': exists already in")
    assert "choose another --name, or --resume good, or delete it" in message


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_run_from_a_newer_version(ance, refused, runs):
    """Listed runs go on being listed, with a note; whatever needs this one says to upgrade."""
    change(runs / "good" / "run.json", format_version=99)
    newer = "run 'good': written by a newer version (format 99, this one reads 1): upgrade"
    done = ance("runs", "list", "--runs", runs)
    assert done.code == 0
    assert done.err == f"note: skipped {newer}\n"
    assert "warmup" in done.out
    for words in (
        *(["runs", "show", "good"], ["runs", "delete", "good"], ["runs", "export", "good"]),
        *(
            ["train", "--resume", "good"],
            ["search", "good", "fog"],
            ["eval", "good"],
            ["compare", "good", "good"],
        ),
    ):
        assert refused(*words) == newer


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("run.json", "{", "run.json: damaged, not valid JSON: restore it from a copy or delete the folder"),
        (
            "log.sqlite",
            None,
            "run 'good': damaged, log.sqlite is missing: restore it from a copy or delete the folder",
        ),
    ],
)
def test_a_damaged_run(refused, runs, file, content, message):
    path = runs / "good" / file
    path.unlink() if content is None else path.write_text(content)
    for words in (["runs", "show", "good"], ["train", "--resume", "good"], ["search", "good", "fog"]):
        assert message in refused(*words)


def test_a_log_that_is_no_database(refused, runs):
    (runs / "good" / "log.sqlite").write_bytes(b"SQLite? no" * 1000)
    assert "log.sqlite" in refused("runs", "show", "good")


def test_a_run_without_a_model(refused, runs):
    good = Store(runs).run("good").info
    Store(runs).create_run("young", good["config"], dataset=good["dataset"]).finish("stopped")
    for words in (["search", "young", "fog"], ["eval", "young"]):
        assert refused(*words).startswith("run 'young': no model to use, it is stopped")
    assert refused("compare", "good", "good", "--smallest", "0").startswith(
        "smallest: 0 is no effect of interest: name a positive difference"
    )
    assert refused("compare", "good", "young").startswith("run 'young': no per-query values on 'test'")
    assert refused("search", "good", "  ") == "text: empty; write what to search for in quotes"


def test_a_checkpoint_that_is_damaged(ance, refused, runs):
    connection = sqlite3.connect(runs / "good" / "log.sqlite")
    with connection:
        connection.execute("UPDATE heartbeat SET state = 'stopped'")
    connection.close()
    newest = max((runs / "good" / "checkpoints").iterdir(), key=lambda path: int(path.name.split("-")[1]))
    (newest / "model.safetensors").write_bytes(b"\0" * 100)
    message = refused("train", "--resume", "good")  # which loses nothing: results and model stay, too
    assert message.startswith(f"{newest / 'model.safetensors'}: damaged (")
    assert message.endswith(f"delete the folder {newest.name}, and the checkpoint before it is used")
    shutil.rmtree(newest)
    assert ance("train", "--resume", "good", "--runs", runs).code == 0


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "x" * 81, "a b"])
def test_names_that_are_no_folder(refused, name):
    assert ("letters, digits" if name else "it must not be empty") in refused("train", "--name", name)
    assert "letters, digits" in refused("runs", "show", name)


def test_archives_that_are_none(refused, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK no")
    for archive in ("a.zip", "absent.zip"):
        assert str(tmp_path / archive) in refused("runs", "import", tmp_path / archive)
