"""Constructed spaces whose measures are known beforehand."""

from __future__ import annotations

import numpy as np


def isotropic(n: int = 4000, dims: int = 16, seed: int = 0) -> np.ndarray:
    """A Gaussian ball around the origin."""
    return np.random.default_rng(seed).standard_normal((n, dims)).astype(np.float32)


def one_direction(n: int = 500, dims: int = 16) -> np.ndarray:
    """One direction, lengths 1 to 2."""
    vectors = np.zeros((n, dims), np.float32)
    vectors[:, 0] = np.linspace(1, 2, n)
    return vectors


def orthogonal_clusters(each: int = 100, clusters: int = 4, dims: int = 16) -> np.ndarray:
    """`clusters` groups of equal unit vectors, orthogonal to each other."""
    return np.repeat(np.eye(dims, dtype=np.float32)[:clusters], each, axis=0)


def collapsed(n: int = 500, dims: int = 16) -> np.ndarray:
    """All the same vector."""
    return np.tile(np.arange(1, dims + 1, dtype=np.float32), (n, 1))
