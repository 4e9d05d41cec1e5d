"""Vectors made ready for measuring: all finite, float32, and unit length where directions are compared."""

from __future__ import annotations

import numpy as np

from ...errors import ProbeError


def checked(vectors: np.ndarray, what: str) -> np.ndarray:
    """`vectors` (n, D) as float32. ProbeError where there are none, or some are not finite; `what` names them."""
    array = np.asarray(vectors, np.float32)
    if array.ndim != 2 or not array.size:
        raise ProbeError(f"{what}: no vectors, shape {array.shape}: choose a snapshot that holds some")
    bad = int((~np.isfinite(array).all(axis=1)).sum())
    if bad:
        raise ProbeError(
            f"{what}: {bad} of {len(array)} vectors are not finite (the training diverged): "
            "choose an earlier snapshot, or train with a lower optimizer.learning_rate"
        )
    return array


def unit(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (m, D), float32, and a mask (n,) of the rows they came from: a zero vector has no direction."""
    array = np.asarray(vectors, np.float32)
    # the largest entry first: squares of float32 over- and underflow
    largest = np.abs(array).max(axis=1, initial=0.0)
    kept = largest > 0
    scaled = array[kept] / largest[kept, None]
    return scaled / np.linalg.norm(scaled, axis=1, keepdims=True), kept
