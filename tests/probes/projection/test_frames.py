"""Which texts are drawn, and that all frames share their coordinates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ance_core.errors import ProbeError
from ance_core.probes.projection import Frames, gather, pca
from ance_core.probes.projection.frames import evenly, stratified
from ance_core.runs import Store


def frames_of(*vectors: np.ndarray) -> Frames:
    stack = np.stack(vectors).astype(np.float32)
    n = stack.shape[1]
    return Frames(list(range(len(stack))), np.arange(n) < n // 2, np.arange(n), stack, [])


def test_pca_is_that_of_all_frames_stacked():
    generator = np.random.default_rng(0)
    scale = [4, 2, 1, 0.5, 0.1]
    frames = frames_of(
        generator.standard_normal((30, 5)) * scale + 3, generator.standard_normal((30, 5)) * scale
    )
    xy, shares = pca(frames)
    stacked = frames.vectors.reshape(-1, 5).astype(np.float64)
    centred = stacked - stacked.mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    for axis in range(2):
        expected = centred @ axes[axis]
        found = xy.reshape(-1, 2)[:, axis]
        assert min(np.abs(found - expected).max(), np.abs(found + expected).max()) < 1e-4
    assert shares == pytest.approx((singular**2 / (singular**2).sum())[:2], rel=1e-4)


def test_a_point_that_does_not_move_stays_where_it_is():
    still = np.random.default_rng(1).standard_normal((20, 4))
    moved = still.copy()
    moved[0] += 5
    xy, _ = pca(frames_of(still, moved))
    assert np.allclose(xy[0, 1:], xy[1, 1:], atol=1e-5)
    assert np.linalg.norm(xy[0, 0] - xy[1, 0]) > 1


def test_pca_in_one_dimension_and_of_equal_vectors():
    xy, shares = pca(frames_of(np.arange(6.0)[:, None]))
    assert np.allclose(xy[..., 1], 0)
    assert shares == pytest.approx([1, 0])
    xy, shares = pca(frames_of(np.ones((6, 3))))
    assert np.allclose(xy, 0, atol=1e-6)
    assert shares == pytest.approx([0, 0])


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=40, unique=True), st.integers(2, 12))
@settings(max_examples=50)
def test_frames_are_evenly_chosen_with_both_ends(steps, most):
    steps = sorted(steps)
    chosen = evenly(steps, most)
    assert len(chosen) == min(most, len(steps)) == len(set(chosen))
    assert (chosen[0], chosen[-1]) == (steps[0], steps[-1])


def test_a_small_picture_holds_positives_and_negatives_of_its_queries():
    queries, documents = np.arange(0, 300, 3), np.arange(0, 1000, 2)
    positives = np.stack([queries, queries * 2], axis=1)
    negatives = np.stack([queries, queries * 2 + 4], axis=1)
    q, d = stratified(queries, documents, positives, negatives, 90)
    assert (len(q), len(d)) == (30, 60)
    chosen = set(documents[d].tolist())
    for row in queries[q]:
        assert row * 2 in chosen
    drawn = [row * 2 + 4 for row in queries[q] if row * 2 + 4 in documents]
    assert np.mean([row in chosen for row in drawn]) > 0.9
    assert stratified(queries, documents, positives, negatives, 90)[1].tolist() == d.tolist()
    assert stratified(queries, documents, positives, negatives, 90, seed=1)[1].tolist() != d.tolist()


@given(st.integers(1, 40), st.integers(1, 40), st.integers(3, 60))
@settings(max_examples=50)
def test_no_text_twice_and_never_more_than_asked(n_queries, n_documents, points):
    queries, documents = np.arange(n_queries), np.arange(n_documents)
    pairs = np.stack([queries, queries % n_documents], axis=1)
    q, d = stratified(queries, documents, pairs, pairs, points)
    assert len(set(q)) == len(q)
    assert len(set(d)) == len(d)
    assert len(q) + len(d) <= points
    if points >= n_queries + n_documents:
        assert (len(q), len(d)) == (n_queries, n_documents)


def test_frames_of_a_run_hold_the_same_texts_and_leave_out_what_diverged(tmp_path):
    writer = Store(tmp_path, create=True).create_run("one", {"recipe": "ance"})
    rows = np.arange(5, dtype=np.int32) * 2
    for step in (0, 10, 20):
        array = np.full((5, 3), step, np.float32) if step < 20 else np.full((5, 3), np.nan)
        writer.snapshot(
            step, {"queries": array, "documents": array + 1, "query_rows": rows, "document_rows": rows}
        )
    writer.finish()
    run = Store(tmp_path).run("one")
    found = gather(run)
    assert (found.steps, found.skipped) == ([0, 10], [20])
    assert found.vectors[1, found.place(False, 4)].tolist() == [11, 11, 11]
    assert found.vectors[1, found.place(True, 4)].tolist() == [10, 10, 10]
    assert found.place(True, 3) is None


def test_a_run_without_finite_snapshots(tmp_path):
    writer = Store(tmp_path, create=True).create_run("one", {"recipe": "ance"})
    rows = np.arange(2, dtype=np.int32)
    array = np.full((2, 3), np.inf)
    writer.snapshot(0, {"queries": array, "documents": array, "query_rows": rows, "document_rows": rows})
    writer.finish()
    with pytest.raises(ProbeError, match=r"no snapshot has finite vectors.*optimizer\.learning_rate"):
        gather(Store(tmp_path).run("one"))
