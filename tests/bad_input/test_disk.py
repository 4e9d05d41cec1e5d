"""A disk that is full, a folder that cannot be written, a terminal that has gone."""

import resource
import subprocess

import pytest

from ance_core.runs import Store

from ..terminal import Done, command, refusal, tree


def limited(size, *words):
    """A command whose files may not grow beyond `size` bytes: how a full disk looks to a program."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(command(*words), capture_output=True, text=True, check=False, preexec_fn=limit)
    return Done(done.returncode, done.stdout, done.stderr)


def test_a_disk_that_fills_up_in_mid_training(ance, runs, settings_file):
    """One line; the run is known to have failed, its neighbour is whole, and with space again it goes on."""
    before = tree(runs)
    words = ("train", "--config", settings_file, "--name", "big", "--steps", 600, "--runs", runs)
    message = refusal(limited(150_000, *words, "--set", "record.checkpoint_every=50"))
    assert "cannot be written" in message
    assert "free some disk space" in message or "check the disk's free space" in message
    run = Store(runs).run("big")
    assert run.status().state in ("failed", "dead")
    assert {name: size for name, size in tree(runs).items() if not name.startswith("big/")} == before
    assert not list(runs.rglob(".tmp-*"))
    assert 0 in run.checkpoints()

    done = ance("train", "--resume", "big", "--runs", runs)
    assert (done.code, run.status().state) == (0, "finished"), done
    loss = run.scalars(["loss"])
    assert loss.step.tolist() == list(range(1, 601))


def test_a_disk_that_is_full_from_the_start(runs, settings_file):
    before = tree(runs)
    done = limited(20_000, "train", "--config", settings_file, "--name", "big", "--runs", runs)
    assert "cannot be written" in refusal(done)
    assert tree(runs) == before


@pytest.mark.parametrize("place", ["file", "file/runs", "/proc/ance-runs"])
def test_a_runs_folder_that_cannot_be(ance, settings_file, tmp_path, place):
    (tmp_path / "file").write_text("not a folder")
    folder = tmp_path / place
    message = refusal(ance("train", "--config", settings_file, "--runs", folder))
    assert message.startswith(f"{folder}: cannot be written (")
    assert "choose " in message
    assert "--runs" in message
    assert (tmp_path / "file").read_text() == "not a folder"


def test_a_runs_folder_that_is_not_there(refused, ance, tmp_path):
    for words in (["runs", "list"], ["runs", "show", "x"], ["search", "x", "y"], ["train", "--resume", "x"]):
        message = refusal(ance(*words, "--runs", tmp_path / "absent"))
        assert message == (
            f"{tmp_path / 'absent'}: no such runs folder: train something first, or name another with --runs"
        )
        assert not (tmp_path / "absent").exists()


def test_a_place_for_a_ranking_or_a_zip_that_cannot_be(refused, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refused("eval", "good", "--trec-run", tmp_path / "file" / "x.run")
    message = refused("runs", "export", "good", tmp_path / "absent" / "x.zip")
    assert message.endswith("absent does not exist: create it or choose another path")
