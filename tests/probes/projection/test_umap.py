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


def ended(run: Run) -> stored.UmapState:
    for _ in range(1200):
        state = umap_state(run)
        if state.state != "running":
            return state
        time.sleep(0.1)
    raise AssertionError("still running after two minutes")


def test_frames_are_aligned_and_neighbours_stay_together():
    shares: list[float] = []
    xy = fit(frames_of(clusters(), clusters(0.5)), progress=shares.append)
    assert shares == sorted(shares)
    assert 0.9 < shares[-1] <= 1
    assert np.isfinite(xy).all()
    centres = xy.reshape(2, 3, 20, 2).mean(axis=2)
    apart = np.linalg.norm(centres[0][:, None] - centres[0][None], axis=2)[np.triu_indices(3, 1)].min()
    between_frames = np.linalg.norm(centres[0] - centres[1], axis=1).max()
    assert between_frames < apart / 2
    assert np.linalg.norm(xy[0] - centres[0].repeat(20, axis=0), axis=1).max() < apart


def test_zero_vectors_have_no_place():
    vectors = clusters()
    vectors[7] = 0
    xy = fit(frames_of(vectors))
    assert np.isnan(xy[0, 7]).all()
    assert np.isfinite(np.delete(xy[0], 7, axis=0)).all()


def test_too_few_texts_are_refused_with_a_remedy():
    with pytest.raises(ProbeError, match=rf"{NEIGHBOURS} texts.*record\.snapshot_texts"):
        fit(frames_of(clusters()[:NEIGHBOURS]))


def test_the_process_stores_its_result_beside_the_run(tmp_path):
    run = new_run(tmp_path, 20)
    assert umap_state(run).state == "absent"
    with pytest.raises(ProbeError, match="compute it again"):
        read_umap(run)
    umap_request(run)
    assert umap_state(run).state == "running"
    assert ended(run).state == "done"
    found = read_umap(run)
    assert found.steps == [0, 5, 10]
    assert found.xy.shape == (3, 40, 2)
    assert found.is_query.sum() == 20


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
