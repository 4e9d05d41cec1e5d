"""UMAP: aligned frames, and a process whose progress, failure and death readers are told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from ance_core.errors import ProbeError
from ance_core.probes.projection import Frames, read_umap, stored, umap_request, umap_state
from ance_core.probes.projection.aligned_umap import NEIGHBOURS, fit
from ance_core.runs import Run, Store


def clusters(moved: float = 0.0, each: int = 20) -> np.ndarray:
    """Three clouds of unit vectors; the last one turns by `moved`."""
    generator = np.random.default_rng(0)
    centres = np.eye(6)[:3] * 4
    centres[2, 3] += moved
    return np.concatenate([centre + 0.3 * generator.standard_normal((each, 6)) for centre in centres])


def frames_of(*vectors: np.ndarray) -> Frames:
    stack = np.stack(vectors).astype(np.float32)
    n = stack.shape[1]
    return Frames(list(range(len(stack))), np.arange(n) < n // 2, np.arange(n), stack, [])


def new_run(folder: Path, texts: int, zero: int = 0) -> Run:
    """Three snapshots of so many queries and documents; the first `zero` of each are zero vectors."""
    writer = Store(folder, create=True).create_run("one", {"recipe": "ance"})
    rows = np.arange(texts, dtype=np.int32)
    for step in (0, 5, 10):
        array = np.random.default_rng(step).standard_normal((texts, 8))
        array[:zero] = 0
        writer.snapshot(
            step, {"queries": array, "documents": array, "query_rows": rows, "document_rows": rows}
        )
    writer.finish()
    return Store(folder).run("one")


def ended(run: Run, shares: list[float] | None = None) -> stored.UmapState:
    """What became of it; the shares done, whenever looked at, go to `shares`."""
    for _ in range(1200):
        state = umap_state(run)
        if state.state != "running":
            return state
        if shares is not None:
            shares.append(state.share)
        time.sleep(0.1)
    raise AssertionError("still running after two minutes")


@pytest.mark.slow  # a second process' worth of compiling
def test_one_snapshot_has_a_picture_too():
    vectors = clusters()
    vectors[7] = 0
    xy = fit(frames_of(vectors))
    assert np.isnan(xy[0, 7]).all()
    assert np.isfinite(np.delete(xy[0], 7, axis=0)).all()


def test_too_few_texts_are_refused_with_a_remedy():
    with pytest.raises(ProbeError, match=rf"{NEIGHBOURS} texts.*record\.snapshot_texts"):
        fit(frames_of(clusters()[:NEIGHBOURS]))


def test_the_process_stores_aligned_frames_beside_the_run(tmp_path):
    """Three clouds, the last of which turns; half of the texts are queries, and one is a zero vector at first."""
    writer = Store(tmp_path, create=True).create_run("one", {"recipe": "ance"})
    rows = np.arange(30, dtype=np.int32)
    for step, moved in ((0, 0.0), (5, 0.5)):
        vectors = clusters(moved)
        vectors[7] *= step
        writer.snapshot(
            step,
            {"queries": vectors[:30], "documents": vectors[30:], "query_rows": rows, "document_rows": rows},
        )
    writer.finish()
    run = Store(tmp_path).run("one")
    assert umap_state(run).state == "absent"
    with pytest.raises(ProbeError, match="compute it again"):
        read_umap(run)
    umap_request(run)
    assert umap_state(run).state == "running"
    shares: list[float] = []
    assert ended(run, shares).state == "done"
    assert shares == sorted(shares)
    assert 0 < shares[-1] <= 1

    found = read_umap(run)
    assert found.steps == [0, 5]
    order = np.lexsort((found.rows, ~found.is_query))  # queries first, as in `clusters`
    xy = found.xy[:, order]
    assert np.isnan(xy[:, 7]).all()  # in no frame, or it would come out of nowhere
    assert np.isfinite(np.delete(xy, 7, axis=1)).all()
    centres = np.nanmean(xy.reshape(2, 3, 20, 2), axis=2)
    apart = np.linalg.norm(centres[0][:, None] - centres[0][None], axis=2)[np.triu_indices(3, 1)].min()
    between_frames = np.linalg.norm(centres[0] - centres[1], axis=1).max()
    assert between_frames < apart / 2
    assert np.nanmax(np.linalg.norm(xy[0] - centres[0].repeat(20, axis=0), axis=1)) < apart


def test_a_process_that_cannot_says_why(tmp_path):
    run = new_run(tmp_path, 20, zero=15)
    umap_request(run)
    state = ended(run)
    assert state.state == "failed"
    assert "10 texts" in state.message


def test_too_few_texts_are_refused_before_a_process_is_started(tmp_path):
    run = new_run(tmp_path, 5)
    with pytest.raises(ProbeError, match="10 texts with a direction, it needs more than its 15 neighbours"):
        umap_request(run)
    assert umap_state(run).state == "absent"


def test_a_killed_process_is_known_to_be_dead(tmp_path):
    run = new_run(tmp_path, 20)
    umap_request(run)
    path = run.folder / stored.FOLDER / stored.PROGRESS
    for _ in range(600):
        if writer := json.loads(path.read_text())["writer"]:
            break
        time.sleep(0.05)
    os.kill(writer["pid"], signal.SIGKILL)
    time.sleep(0.2)
    state = umap_state(run)
    assert state.state == "failed"
    assert "without a word" in state.message


def test_asked_twice_it_starts_once(tmp_path, monkeypatch):
    run = new_run(tmp_path, 20)
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **_: started.append(args))
    umap_request(run)
    umap_request(run)
    assert len(started) == 1
