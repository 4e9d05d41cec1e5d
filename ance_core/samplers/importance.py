"""Importance weights: what a drawn pair's loss is multiplied by so that gradients are those of uniform sampling.

    one draw:      1 / (N p)                                     ANCE (Xiong et al. 2021), Eq 4
    n draws:       ((1 - p_1 - ... - p_{k-1}) / p_k + n - k) / N        for the k-th

With several negatives drawn without replacement, 1 / (N p) would be biased: later draws see a smaller pool. The second
line is the ordered estimator of Des Raj (1956): the average over the n of weight times loss has the mean loss of the N
candidates as its expectation.
"""

from __future__ import annotations

import numpy as np

from .base import Draw


def importance_weights(draw: Draw, sizes: np.ndarray) -> np.ndarray:
    """(B, n) float32 for draws in drawing order, 0 where a slot is empty; empty slots come last.

    sizes: (B,) candidates N of each query.
    """
    filled = draw.docs >= 0
    p = np.where(filled, draw.probability, 0.0)
    left = np.maximum(1.0 - (np.cumsum(p, axis=1) - p), p)  # (B, n) mass not yet drawn; p itself at the least
    later = filled.sum(axis=1, keepdims=True) - 1 - np.arange(p.shape[1])
    one = np.divide(left, p, where=filled, out=np.zeros_like(p))
    return np.where(filled, (one + later) / np.maximum(sizes, 1)[:, None], 0.0).astype(np.float32)
