"""How much a query's candidates changed between two rankings."""

from __future__ import annotations

import numpy as np


def jaccards(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """(Q,) |A & B| / |A | B| of each query for two pools (Q, K), -1 padded; 1 where both are empty."""
    both = np.sort(np.concatenate([old, new], axis=1), axis=1)
    common = ((both[:, 1:] == both[:, :-1]) & (both[:, 1:] >= 0)).sum(axis=1)  # a document occurs once a pool
    union = (old >= 0).sum(axis=1) + (new >= 0).sum(axis=1) - common
    return np.asarray(np.where(union > 0, common / np.maximum(union, 1), 1.0))
