"""How old the ranking was that a negative came from: updates between the weights that ranked it and those that used it."""

from __future__ import annotations

import numpy as np


def staleness(step: np.ndarray, index_step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps (s,) that used ranked negatives, ascending, and the mean staleness (s,) of those, in updates.

    A record's staleness is step - 1 - index_step. Records that no weights ranked (index_step -1) are left out.
    """
    ranked = index_step >= 0
    steps, which = np.unique(step[ranked], return_inverse=True)
    age = step[ranked].astype(np.int64) - 1 - index_step[ranked]
    return steps, np.bincount(which, weights=age, minlength=len(steps)) / np.maximum(np.bincount(which), 1)
