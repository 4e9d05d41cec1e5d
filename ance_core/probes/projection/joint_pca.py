"""Principal components of all frames together, so that a point's way from frame to frame is its own movement.

Components fitted to each snapshot by itself would turn and mirror between frames, and every point would seem to move.
"""

from __future__ import annotations

import numpy as np

from .frames import Frames


def pca(frames: Frames) -> tuple[np.ndarray, np.ndarray]:
    """(F, n, 2) float32 coordinates, and the share of the variance of all frames that each axis shows, (2,).

    The sign of an axis is chosen so that its largest loading is positive: the same vectors, the same picture.
    In one dimension the second axis is 0.
    """
    flat = frames.vectors.reshape(-1, frames.vectors.shape[-1])
    mean = flat.mean(axis=0, dtype=np.float64)
    moments = (flat.T @ flat).astype(np.float64) / len(flat) - np.outer(mean, mean)
    variances, directions = np.linalg.eigh(moments)
    axes = directions[:, ::-1][:, :2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    xy = np.zeros((len(flat), 2), np.float32)
    xy[:, : axes.shape[1]] = (flat - mean.astype(np.float32)) @ axes.astype(np.float32)
    total = float(np.maximum(variances, 0).sum())
    shares = np.zeros(2)
    shares[: axes.shape[1]] = np.maximum(variances[::-1][:2], 0) / total if total > 0 else 0.0
    return xy.reshape(*frames.vectors.shape[:2], 2), shares
